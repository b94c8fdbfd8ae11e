import pytest

from apps.prompts.models import PromptTemplate
from apps.prompts.services import add_version


@pytest.fixture
def page(client, engineer):
    client.force_login(engineer)
    return client


class TestTemplates:
    def test_says_what_to_do_first(self, page):
        assert b"No prompts yet" in page.get("/prompts/").content

    def test_lists_and_filters(self, page, template):
        assert b"classify" in page.get("/prompts/?q=class").content
        assert b"No prompt matches" in page.get("/prompts/?q=nothing").content

    @pytest.mark.parametrize("rows", [10, 1000])
    @pytest.mark.usefixtures("unaudited")
    def test_asks_the_database_as_often_for_many_as_for_few(
        self, page, engineer, team, rows, django_assert_max_num_queries
    ):
        PromptTemplate.objects.bulk_create(
            PromptTemplate(owner_team=team, name=f"p{n}", created_by=engineer) for n in range(rows)
        )

        with django_assert_max_num_queries(12):
            page.get("/prompts/")


class TestEditor:
    def test_makes_a_template_and_leads_to_it(self, page, team):
        given = {"owner_team": team.slug, "name": "greet", "user": "Hi {{ name }}", "system": ""}

        response = page.post("/prompts/new", given)

        assert response.status_code == 302
        template = PromptTemplate.objects.get()
        assert response.url == template.get_absolute_url()
        assert template.versions.get().variables == ["name"]

    def test_says_why_a_text_was_not_saved_and_keeps_it(self, page, team):
        response = page.post("/prompts/new", {"owner_team": team.slug, "name": "greet", "user": "Hi {{ a|b }}"})

        assert response.status_code == 422
        assert b"is not a variable" in response.content
        assert b"Hi {{ a|b }}" in response.content
        assert not PromptTemplate.objects.exists()

    def test_begins_with_what_the_newest_version_says(self, page, engineer, template):
        add_version(actor=engineer, template=template, user="The newest {{ text }}")

        assert b"The newest {{ text }}" in page.get(f"{template.get_absolute_url()}edit").content


class TestPreview:
    def test_shows_the_messages_with_values_in_place(self, page):
        given = {"system": "", "user": "Hi {{ name }} {{ <b> }}".replace(" {{ <b> }}", ""), "variable-name": "<Ana>"}

        content = page.post("/prompts/preview?only=messages", given).content.decode()

        assert "Hi &lt;Ana&gt;" in content
        assert "variable-name" not in content

    def test_offers_a_field_for_each_variable_and_names_what_is_missing(self, page):
        content = page.post("/prompts/preview", {"user": "{{ a }} {{ b }}", "variable-a": "1"}).content.decode()

        assert content.count("<textarea") == 2
        assert "Without a value so far: b." in content

    def test_says_what_cannot_be_read(self, page):
        assert b"Line 1, column 1" in page.post("/prompts/preview", {"user": "{{ a.b }}"}).content


class TestTemplate:
    def test_shows_the_version_asked_for(self, page, template_with_two):
        url = template_with_two.get_absolute_url()

        assert b"This is version 1" in page.get(f"{url}?version=1").content
        assert page.get(f"{url}?version=7").status_code == 404
        assert page.get(f"{url}?version=x").status_code == 200

    def test_compares_the_last_two_versions(self, page, template_with_two):
        content = page.get(f"{template_with_two.get_absolute_url()}compare").content.decode()

        assert "diff-removed" in content
        assert "Second" in content

    def test_shows_why_it_could_not_go_back(self, page, template):
        response = page.post(f"{template.get_absolute_url()}rollback", {"version": 1})

        assert response.status_code == 422
        assert b"says exactly this already" in response.content
