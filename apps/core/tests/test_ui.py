from datetime import UTC, datetime

import pytest
from django import forms
from django.template import Context, Template, TemplateSyntaxError
from django.test import RequestFactory

from apps.core.errors import BrokenRule, RuleBrokenError
from apps.core.web.lists import ListPage


def rendered(source: str, **context: object) -> str:
    context.setdefault("request", RequestFactory().get("/models/?q=chat&after=abc"))
    return " ".join(Template("{% load ui %}" + source).render(Context(context)).split())


class TestEscaping:
    """What a person typed is text, wherever a component shows it."""

    EVIL = "<img src=x onerror=alert(1)>"

    @pytest.mark.parametrize(
        "source",
        [
            "{% badge evil %}",
            "{% copy evil %}",
            "{% stat evil evil note=evil %}",
            "{% page_header evil subtitle=evil %}{{ evil }}{% endpage_header %}",
            "{% card evil note=evil %}{{ evil }}{% endcard %}",
            "{% fact evil %}{{ evil }}{% endfact %}",
            "{% empty_state evil %}{{ evil }}{% endempty_state %}",
            "{% event evil who=evil %}{{ evil }}{% endevent %}",
            "{% step evil evil %}{{ evil }}{% endstep %}",
            "{% code evil evil %}",
            "{% text_diff evil '' %}",
            "{% field_diff before after 'Changes' %}",
            "{% crumb evil %}",
            "{% value evil %}",
            "{% facts before %}",
        ],
    )
    def test_of_every_component(self, source):
        page = rendered(source, evil=self.EVIL, before={self.EVIL: 1}, after={"x": self.EVIL})

        assert "<img" not in page
        assert "&lt;img" in page


class TestIcon:
    def test_is_hidden_from_screen_readers_unless_it_has_a_label(self):
        assert 'aria-hidden="true"' in rendered("{% icon 'check' %}")
        assert 'role="img" aria-label="Done"' in rendered("{% icon 'check' label='Done' %}")

    def test_names_the_icon_that_does_not_exist(self):
        with pytest.raises(TemplateSyntaxError, match="no icon 'chekc'"):
            rendered("{% icon 'chekc' %}")


class TestBadge:
    def test_says_the_status_in_words_beside_an_icon(self):
        badge = rendered("{% badge 'under_review' %}")

        assert "Under review" in badge
        assert "badge-info" in badge
        assert "<svg" in badge

    def test_shows_a_status_that_it_does_not_know_neutrally(self):
        assert "badge-neutral" in rendered("{% badge 'brand_new' %}")


class TestAgo:
    def test_gives_the_exact_time(self):
        moment = datetime(2026, 3, 2, 9, 30, tzinfo=UTC)

        assert 'datetime="2026-03-02T09:30:00+00:00" title="2 Mar 2026, 09:30:00 UTC"' in rendered(
            "{% ago at %}", at=moment
        )

    def test_of_nothing_is_a_dash(self):
        assert rendered("{% ago at %}", at=None) == "–"


class TestTab:
    def test_is_the_current_one_at_its_own_address(self):
        assert "aria-current" in rendered("{% tab 'All' '/models/' %}")
        assert "aria-current" not in rendered("{% tab 'Files' '?tab=files' %}")

    def test_is_the_current_one_when_the_address_asks_for_it(self):
        request = RequestFactory().get("/models/?tab=files&q=chat")

        assert "aria-current" in rendered("{% tab 'Files' '?tab=files' %}", request=request)
        assert "aria-current" not in rendered("{% tab 'All' '/models/' %}", request=request)


class TestSortHeader:
    def page(self, sort: str) -> ListPage:
        return ListPage(rows=[1], total=1, sort=sort, newer=None, older=None)

    def test_keeps_the_filters_and_goes_back_to_the_first_page(self):
        header = rendered("{% sort_header 'Name' 'name' page %}", page=self.page("-created"))

        assert 'href="?q=chat&amp;sort=name"' in header
        assert "aria-sort" not in header

    def test_turns_the_order_round(self):
        header = rendered("{% sort_header 'Name' 'name' page %}", page=self.page("name"))

        assert 'aria-sort="ascending"' in header
        assert "sort=-name" in header


class TestPager:
    def test_links_to_both_sides_with_the_filters_kept(self):
        page = ListPage(rows=[1], total=None, sort="name", newer="n1", older="o1")

        pager = rendered("{% pager page 'models' %}", page=page)

        assert 'href="?q=chat&amp;before=n1"' in pager
        assert 'href="?q=chat&amp;after=o1"' in pager
        assert "1 shown of more than 10,000 models" in pager

    def test_has_no_links_when_all_is_shown(self):
        page = ListPage(rows=[1, 2], total=2, sort="name", newer=None, older=None)

        assert "<a" not in rendered("{% pager page %}", page=page)

    @pytest.mark.parametrize(("noun", "one"), [("keys", "1 key"), ("policies", "1 policy")])
    def test_counts_one_as_one(self, noun, one):
        page = ListPage(rows=[1], total=1, sort="name", newer=None, older=None)

        assert f"{one}<" in rendered("{% pager page noun %}", page=page, noun=noun)


class FilterForm(forms.Form):
    q = forms.CharField(label="Search models")
    status = forms.CharField()


class TestFilterBar:
    @pytest.mark.parametrize(("query", "is_open"), [("", False), ("?q=chat", False), ("?q=chat&status=draft", True)])
    def test_unfolds_its_fields_when_one_of_them_narrows_the_list(self, query, is_open):
        request = RequestFactory().get(f"/models/{query}")

        bar = rendered("{% filter_bar form %}", form=FilterForm(request.GET), request=request)

        assert ('<details class="filter-more" open>' in bar) == is_open


class TestRefusal:
    def test_shows_each_rule_and_who_can_help(self):
        error = RuleBrokenError("No.", rules=[BrokenRule("lr", "lr", "It is 7.", "Use 1.")], who_can_help="Ask Ana.")

        box = rendered("{% refusal error %}", error=error)

        for said in ("No.", "It is 7.", "Use 1.", "Ask Ana.", 'role="alert"'):
            assert said in box

    def test_shows_the_fields_where_no_rules_are_named(self):
        assert "Too long." in rendered("{% refusal error %}", error=RuleBrokenError(fields={"name": ["Too long."]}))


class SampleForm(forms.Form):
    name = forms.CharField(help_text="Lower case.")
    agree = forms.BooleanField(required=False)
    mode = forms.ChoiceField(choices=[("a", "Audit"), ("b", "Enforce")], widget=forms.RadioSelect)


class TestFormFields:
    def test_ties_help_and_errors_to_their_field(self):
        form = rendered("{% form_fields form %}", form=SampleForm({"mode": "a"}))

        assert 'aria-describedby="id_name_helptext id_name_error"' in form
        assert 'id="id_name_helptext"' in form
        assert 'id="id_name_error"' in form
        assert 'aria-invalid="true"' in form

    def test_groups_choices_under_a_legend(self):
        assert "<legend>Mode</legend>" in rendered("{% form_fields form %}", form=SampleForm())


class TestPoll:
    def test_asks_again_until_it_is_final(self):
        assert (
            rendered("{% poll '/job' until=done %}", done=False)
            == 'hx-get="/job" hx-trigger="every 2s" hx-swap="outerHTML"'
        )
        assert rendered("{% poll '/job' until=done %}", done=True) == ""


class TestProgress:
    def test_says_how_far_it_is(self):
        bar = rendered("{% progress 3 12 'Step' %}")

        assert "3 of 12" in bar
        assert 'value="25"' in bar

    def test_does_not_pretend_to_know_a_total(self):
        assert "value" not in rendered("{% progress 0 0 'Step' %}")


class TestValue:
    @pytest.mark.parametrize(
        ("given", "shown"),
        [
            (None, "none"),
            ([], "none"),
            (True, "Yes"),
            (2684873, "2,684,873"),
            (0.7196969, "0.7197"),
            ("sft_pair", "sft_pair"),
            ("2026-13-40T99:00", "2026-13-40T99:00"),
            (["Ada", "Jonas"], "Ada, Jonas"),
            ({"name": "voc", "version": "2", "status": "approved"}, "voc 2"),
        ],
    )
    def test_is_shown_in_words(self, given, shown):
        assert shown in rendered("{% value given %}", given=given)

    @pytest.mark.parametrize("given", ["sha256:" + "9f" * 32, "9f" * 32, "01a1fe6c-c3f0-76b8-8b87-5d8517ba3903"])
    def test_can_be_copied_whole_where_it_is_long_and_means_nothing(self, given):
        assert f'data-copy="{given}"' in rendered("{% value given %}", given=given)

    def test_tells_a_moment_as_a_time(self):
        assert 'datetime="2026-03-02T09:30:00+00:00"' in rendered("{% value at %}", at="2026-03-02T09:30:00+00:00")

    def test_draws_an_interval(self):
        shown = rendered("{% value given %}", given={"value": 0.7, "low": 0.6, "high": 0.8})

        assert "95 % interval from 0.600 to 0.800" in shown

    def test_shows_a_record_whole_when_it_holds_more_than_a_version(self):
        shown = rendered("{% value given %}", given={"name": "voc", "version": "2", "rows": [{"id": 7}]})

        assert [label for label in ("Name", "Version", "Rows", "Id") if label not in shown] == []


class TestFacts:
    def test_names_are_in_words_and_a_status_is_a_badge(self):
        shown = rendered("{% facts record %}", record={"token_f1": 1, "status": "under_review"})

        assert "Token F1" in shown
        assert "Under review" in shown
