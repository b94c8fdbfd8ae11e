import pytest

from apps.prompts.models import PromptTemplate, PromptVersion
from apps.prompts.services import add_version

BASE = "/llm-ops/v1/prompts/templates"


@pytest.fixture
def api(client_of, engineer):
    return client_of(engineer)


class TestTemplates:
    def test_creates_and_shows_versions_and_variables(self, api, team):
        body = {"name": "greet", "owner_team": "voc", "system": "Be {{ tone }}.", "user": " {{ message }}\n"}

        data = api.post(BASE, body, format="json").json()["data"]

        assert (data["last_version"], data["variables"]) == (1, ["tone", "message"])
        assert data["versions"][0]["user"] == " {{ message }}\n"
        assert api.get(f"{BASE}/{data['id']}").json()["data"] == data

    def test_names_every_fault_of_a_text(self, api, team):
        body = {"name": "greet", "owner_team": "voc", "user": "{{ a.b }} {{ c|d }}"}

        response = api.post(BASE, body, format="json")

        assert response.status_code == 422
        assert [rule["rule"] for rule in response.json()["data"]["rules"]] == ["variable_readable"] * 2
        assert not PromptTemplate.objects.exists()

    @pytest.mark.parametrize(
        ("change", "field"),
        [
            ({"name": "no spaces"}, "name"),
            ({"user": ""}, "user"),
            ({"user": "x" * 50_001}, "user"),
            ({"user": "nul \x00"}, "user"),
            ({"usr": "x"}, "usr"),
        ],
    )
    def test_names_the_field_that_is_malformed(self, api, team, change, field):
        response = api.post(BASE, {"name": "greet", "owner_team": "voc", "user": "Hi"} | change, format="json")

        assert response.status_code == 400
        assert field in response.json()["data"]["fields"]

    def test_answers_twice_with_one_key_and_makes_one(self, api, team):
        body = {"name": "greet", "owner_team": "voc", "user": "Hi"}

        first, second = (api.post(BASE, body, format="json", headers={"Idempotency-Key": "k1"}) for _ in range(2))

        assert first.json() == second.json()
        assert PromptTemplate.objects.count() == 1

    def test_filters_by_words_and_team(self, api, template):
        for query, found in (("q=CLASS", 1), ("q=class+none", 0), ("owner_team=voc", 1), ("owner_team=logistics", 0)):
            assert len(api.get(f"{BASE}?{query}").json()["data"]["items"]) == found, query

    @pytest.mark.parametrize("rows", [10, 1000])
    @pytest.mark.usefixtures("unaudited")
    def test_asks_the_database_as_often_for_many_as_for_few(
        self, api, engineer, team, rows, django_assert_max_num_queries
    ):
        templates = [PromptTemplate(owner_team=team, name=f"p{n}", created_by=engineer) for n in range(rows)]
        PromptTemplate.objects.bulk_create(templates)
        PromptVersion.objects.bulk_create(
            PromptVersion(template=template, number=1, user="Hi", digest="", created_by=engineer)
            for template in templates
        )

        with django_assert_max_num_queries(3):
            items = api.get(f"{BASE}?limit=500").json()["data"]["items"]

        assert len(items) == min(rows, 500)


class TestVersions:
    def test_compares_line_by_line(self, api, engineer, template):
        add_version(actor=engineer, template=template, user="Classify.\nText: {{ text }}")

        data = api.get(f"{BASE}/{template.pk}/versions/1/compare/2").json()["data"]

        assert [line["kind"] for line in data["user"]] == ["same", "removed", "added"]
        assert (data["variables_added"], data["variables_removed"]) == (["text"], ["message"])

    def test_says_which_versions_there_are(self, api, template):
        response = api.get(f"{BASE}/{template.pk}/versions/1/compare/9")

        assert response.status_code == 404
        assert response.json()["message"] == "'classify' has no version 9. Its versions are 1 to 1."

    def test_rolls_back_by_a_new_version(self, api, engineer, template):
        add_version(actor=engineer, template=template, user="Worse")

        data = api.post(f"{BASE}/{template.pk}/rollback", {}, format="json").json()["data"]

        assert (data["number"], data["user"]) == (3, "Classify.\nMessage: {{ message }}")


class TestRender:
    def test_renders_the_newest_version(self, api, template):
        data = api.post(f"{BASE}/{template.pk}/render", {"variables": {"message": "환불"}}, format="json").json()[
            "data"
        ]

        assert data["messages"] == [{"role": "user", "content": "Classify.\nMessage: 환불"}]

    def test_names_what_is_missing(self, api, template):
        response = api.post(f"{BASE}/{template.pk}/render", {"variables": {}}, format="json")

        assert response.status_code == 422
        assert response.json()["data"]["fields"] == {
            "variables.message": ["The variable 'message' is missing. Give it a value."]
        }
