import pytest

from apps.prompts.tests.factories import prompt_version
from apps.serving.models import Endpoint
from apps.serving.tests.factories import until


@pytest.fixture
def page(client, manager):
    client.force_login(manager)
    return client


@pytest.fixture
def given(model, team):
    """What a person fills in to deploy."""
    return {
        "model": model.pk,
        "owner_team": team.slug,
        "route_name": "voc",
        "environment": "prod",
        "max_concurrent_requests": 4,
        "cpu": 1,
        "memory": "1Gi",
        "reason": "Go live",
    }


class TestEndpoints:
    def test_says_what_to_do_first(self, page):
        assert b"No endpoints yet" in page.get("/serving/").content

    def test_lists_and_filters(self, page, endpoint):
        assert b"voc" in page.get("/serving/?environment=dev&status=pending").content
        assert b"No endpoint matches" in page.get("/serving/?environment=prod").content

    @pytest.mark.parametrize("rows", [10, 1000])
    @pytest.mark.usefixtures("unaudited")
    def test_asks_the_database_as_often_for_many_as_for_few(self, page, endpoint, rows, django_assert_max_num_queries):
        like = {"owner_team": endpoint.owner_team, "created_by": endpoint.created_by, "environment": "dev"}
        Endpoint.objects.bulk_create(
            Endpoint(route_name=f"r{n}", revision=endpoint.revision, **like) for n in range(rows)
        )

        with django_assert_max_num_queries(12):
            page.get("/serving/")


class TestDeploy:
    def test_deploys_and_leads_to_the_endpoint(self, page, given):
        response = page.post("/serving/deploy", given)

        endpoint = Endpoint.objects.get()
        assert (response.status_code, response.url) == (302, endpoint.get_absolute_url())
        assert endpoint.revision.spec["runtime"]["max_concurrent_requests"] == 4

    def test_names_every_broken_rule_and_keeps_what_was_filled_in(self, page, given):
        response = page.post("/serving/deploy", given | {"route_name": "Not Good", "max_input_tokens": 9999})

        assert response.status_code == 422
        assert b"cannot be the name of a route" in response.content
        assert b"more than the model" in response.content
        assert b"Not Good" in response.content
        assert not Endpoint.objects.exists()

    def test_offers_only_models_that_the_person_may_use(self, client, outsider, page, model):
        assert str(model.pk) in page.get("/serving/deploy").content.decode()
        client.force_login(outsider)
        assert str(model.pk) not in client.get("/serving/deploy").content.decode()


class TestEndpoint:
    @pytest.mark.parametrize("tab", ["overview", "revisions", "servers", "lineage", "history"])
    def test_has_its_tabs(self, page, endpoint_with_two, tab):
        response = page.get(f"{endpoint_with_two.get_absolute_url()}?tab={tab}")

        assert response.status_code == 200

    def test_offers_only_what_the_person_may_do(self, client, viewer, page, endpoint):
        assert b"redeploy-dialog" in page.get(endpoint.get_absolute_url()).content
        client.force_login(viewer)
        shown = client.get(endpoint.get_absolute_url()).content
        assert not any(name in shown for name in (b"redeploy-dialog", b"pause-dialog", b"delete-dialog"))

    def test_stops_asking_for_news_once_it_is_gone(self, page, endpoint):
        url = f"{endpoint.get_absolute_url()}live"
        assert b"hx-trigger" in page.get(url).content

        Endpoint.objects.filter(pk=endpoint.pk).update(status="deleted", wanted="delete")

        assert b"hx-trigger" not in page.get(url).content

    def test_shows_why_something_was_refused(self, page, endpoint):
        response = page.post(f"{endpoint.get_absolute_url()}rollback", {"number": 1, "reason": "Back"})

        assert response.status_code == 422
        assert b"is in force already" in response.content

    def test_takes_a_prompt_and_gives_it_back(self, page, engineer, team, endpoint):
        prompt, url = prompt_version(engineer, team), f"{endpoint.get_absolute_url()}prompt"

        page.post(url, {"prompt": prompt.pk, "reason": "Try"})
        assert Endpoint.objects.get().revision.prompt_version == prompt
        page.post(url, {"prompt": "", "reason": "No"})
        assert Endpoint.objects.get().revision.prompt_version is None

    def test_shows_the_log_of_a_server_that_runs_and_of_one_that_ended(self, page, machine, healthy_endpoint):
        server = healthy_endpoint.servers.get()
        url = f"{healthy_endpoint.get_absolute_url()}servers/{server.pk}/log"
        assert b"listening on" in page.get(url).content

        machine.kill_all()
        until(healthy_endpoint, lambda endpoint: endpoint.servers.get(pk=server.pk).is_cleared)

        shown = page.get(url).content
        assert b"listening on" in shown
        assert b"hx-trigger" not in shown
