import json
import signal
import threading
import urllib.request
from datetime import timedelta
from pathlib import Path

import pytest
from django.db import connection
from django.utils import timezone

from apps.catalog.models import ModelFile
from apps.core.blobs import blob_name, blob_storage
from apps.core.reconcile import reconcile
from apps.governance.models import AuditEvent
from apps.prompts.tests.factories import prompt_version
from apps.serving import services
from apps.serving.models import Endpoint, Server
from apps.serving.services import reconciling
from apps.serving.states import EndpointStatus, ServerStatus
from apps.serving.tests.factories import endpoint_of, healthy, is_healthy, step, until


def ask(endpoint):
    body = {"model": endpoint.route_name, "messages": [{"role": "user", "content": "hello"}]}
    request = urllib.request.Request(f"{endpoint.address}/v1/chat/completions", json.dumps(body).encode())
    with urllib.request.urlopen(request, timeout=5) as answer:
        return json.load(answer)["choices"][0]["message"]["content"]


def is_at_rest(endpoint):
    return endpoint.next_look_at is None


class TestDeploying:
    def test_ends_with_one_server_that_answers(self, machine, endpoint):
        endpoint = healthy(endpoint)

        assert ask(endpoint) == "HELLO"
        assert len(machine.processes()) == 1
        assert endpoint.revision.became_healthy_at is not None
        kinds = [event.kind for event in reversed(endpoint.events.all())]
        assert kinds == ["deploy", "deploying", "starting", "ready", "traffic", "healthy"]

    def test_audits_the_move_of_the_traffic_once(self, machine, endpoint):
        healthy(endpoint)

        event = AuditEvent.objects.get(action="endpoint.move_traffic")
        assert (event.before, event.after["revision"]) == (None, 1)
        assert event.actor.username == "portal"

    def test_sends_nothing_there_before_the_server_is_ready(self, machine, engineer, team, model):
        endpoint = until(
            endpoint_of(engineer, team, model, route_name="slow"), lambda e: e.status == EndpointStatus.DEPLOYING
        )

        assert endpoint.address == ""
        assert ask(healthy(endpoint)) == "HELLO"

    def test_waits_for_the_environment_of_the_server_and_says_so(self, machine, endpoint):
        machine.trouble = "The environment is being installed."

        endpoint = step(endpoint)

        assert "The environment is being installed." in endpoint.trouble
        assert endpoint.status == EndpointStatus.DEPLOYING
        assert not machine.processes()

    @pytest.mark.django_db(transaction=True)
    def test_makes_one_server_however_many_workers_step_at_once(self, machine, endpoint):
        def work() -> None:
            for _ in range(5):
                Endpoint.objects.filter(pk=endpoint.pk).update(next_look_at=timezone.now())
                reconcile(Endpoint, endpoint.pk, services.step)
            connection.close()

        threads = [threading.Thread(target=work) for _ in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        endpoint = healthy(endpoint)

        assert endpoint.servers.count() == 1
        assert len(machine.processes()) == 1


class TestFailing:
    def test_gives_up_after_three_starts_and_says_why(self, machine, engineer, team, model, monkeypatch):
        monkeypatch.setattr("apps.serving.services.servers.BACKOFF_MAX_S", 0.0)
        endpoint = until(endpoint_of(engineer, team, model, route_name="broken"), is_at_rest)

        assert (endpoint.status, endpoint.status_reason) == (EndpointStatus.FAILED, "The model cannot be loaded.")
        assert endpoint.servers.count() == 3
        assert "failed: The model cannot be loaded." in endpoint.servers.first().log_tail
        assert not list((machine.folder / "work").iterdir())

    def test_rests_longer_between_starts(self, machine, engineer, team, model):
        endpoint = until(
            endpoint_of(engineer, team, model, route_name="broken"), lambda e: "Another" in e.status_reason
        )

        for _ in range(3):
            endpoint = step(endpoint)

        assert endpoint.servers.count() == 1
        assert endpoint.next_look_at - timezone.now() > timedelta(seconds=1)

    def test_does_not_start_again_what_was_refused(self, machine, engineer, team, model):
        endpoint = until(endpoint_of(engineer, team, model, route_name="refused"), is_at_rest)

        assert endpoint.servers.count() == 1
        assert "is not the one that was approved" in endpoint.status_reason

    def test_refuses_bytes_that_changed_after_the_deployment_was_allowed(self, machine, endpoint, model):
        ModelFile.objects.filter(model_version=model, path="config.json").update(sha256="0" * 64)

        endpoint = until(endpoint, is_at_rest)

        assert endpoint.status == EndpointStatus.FAILED
        assert "no longer those that revision 1 was allowed for" in endpoint.status_reason
        assert not machine.processes()

    def test_refuses_bytes_that_were_damaged_in_the_storage(self, machine, endpoint, model):
        sha256 = model.files.get(path="config.json").sha256
        Path(blob_storage().path(blob_name(sha256))).write_bytes(b"{}")

        endpoint = until(endpoint, is_at_rest)

        assert endpoint.status == EndpointStatus.FAILED
        assert "no longer has the bytes that were stored" in endpoint.status_reason

    def test_leaves_the_old_revision_serving(self, machine, healthy_endpoint, engineer, other_model, monkeypatch):
        old = healthy_endpoint.serving_revision
        ModelFile.objects.filter(model_version=other_model).update(sha256="0" * 64)
        endpoint = services.redeploy(
            actor=engineer, endpoint=healthy_endpoint, changes={"model_ref": str(other_model.pk)}
        )

        endpoint = until(endpoint, lambda e: e.status == EndpointStatus.FAILED)
        for _ in range(3):
            endpoint = step(endpoint)

        assert endpoint.serving_revision == old
        assert ask(endpoint) == "HELLO"
        assert len(machine.processes()) == 1

        killed = endpoint.address
        machine.kill_all()
        endpoint = until(endpoint, lambda e: e.address not in {"", killed})
        assert ask(endpoint) == "HELLO"
        assert (endpoint.serving_revision, endpoint.status) == (old, EndpointStatus.FAILED)


class TestBlueGreen:
    def test_moves_the_traffic_when_the_new_server_is_ready_and_stops_the_old_one_then(
        self, machine, healthy_endpoint, engineer, other_model
    ):
        first = healthy_endpoint.address
        services.redeploy(actor=engineer, endpoint=healthy_endpoint, changes={"model_ref": str(other_model.pk)})
        seen = []

        endpoint = until(
            healthy_endpoint, lambda e: seen.append((e.address, e.servers.live().count())) or is_healthy(e)
        )

        assert ask(endpoint) == "HELLO"
        assert endpoint.address != first
        assert all(address for address, _ in seen)  # there was no moment without an answer
        assert max(count for _, count in seen) == 2
        assert len(machine.processes()) == 1
        moved = AuditEvent.objects.filter(action="endpoint.move_traffic").latest("pk")
        assert (moved.before["revision"], moved.after["revision"]) == (1, 2)

    def test_changes_a_prompt_without_another_server(self, machine, healthy_endpoint, engineer, team):
        prompt = prompt_version(engineer, team)
        services.update_endpoint(actor=engineer, endpoint=healthy_endpoint, prompt_version=prompt)

        endpoint = healthy(healthy_endpoint)

        assert endpoint.serving_revision.prompt_version == prompt
        assert endpoint.address == healthy_endpoint.address
        assert endpoint.servers.count() == 1

    def test_stops_a_server_that_is_no_longer_needed_before_it_was_ready(self, machine, engineer, team, model):
        endpoint = until(endpoint_of(engineer, team, model, route_name="slow"), lambda e: e.servers.live().exists())
        services.redeploy(actor=engineer, endpoint=endpoint)

        endpoint = healthy(endpoint)

        assert endpoint.servers.count() == 2
        assert len(machine.processes()) == 1


class TestServerThatDies:
    def test_is_replaced(self, machine, healthy_endpoint):
        [pid] = machine.processes()
        machine.kill_all()

        endpoint = until(healthy_endpoint, lambda e: e.address == "")
        assert endpoint.status == EndpointStatus.DEGRADED
        assert "signal 9" in endpoint.status_reason
        endpoint = healthy(endpoint)

        assert machine.processes() != [pid]
        assert len(machine.processes()) == 1
        assert ask(endpoint) == "HELLO"

    def test_is_replaced_after_the_whole_machine_was_stopped(self, machine, healthy_endpoint):
        machine.kill_all(signal.SIGTERM)

        endpoint = healthy(until(healthy_endpoint, lambda e: e.servers.count() == 2))

        ended = endpoint.servers.get(status=ServerStatus.ENDED)
        assert not ended.has_failed
        assert ask(endpoint) == "HELLO"

    def test_is_replaced_when_it_no_longer_answers_its_probe(self, machine, healthy_endpoint, monkeypatch):
        monkeypatch.setattr("apps.serving.backends.local.PROBE_TIMEOUT_S", 0.05)
        monkeypatch.setattr("apps.serving.backends.local.DRAIN_S", 0.1)
        monkeypatch.setattr(reconciling, "PROBES_MISSED_MAX", 2)
        first = healthy_endpoint.address
        machine.kill_all(signal.SIGSTOP)

        endpoint = until(healthy_endpoint, lambda e: e.status == EndpointStatus.DEGRADED)
        assert "does not answer its probe" in endpoint.status_reason
        endpoint = healthy(endpoint)

        assert endpoint.address != first
        assert Server.objects.get(status=ServerStatus.ENDED).has_failed


class TestResting:
    def test_pauses_and_comes_back_by_redeploying(self, machine, healthy_endpoint, engineer):
        services.pause(actor=engineer, endpoint=healthy_endpoint)

        endpoint = until(healthy_endpoint, is_at_rest)
        assert (endpoint.status, endpoint.address, endpoint.serving_revision) == (EndpointStatus.PAUSED, "", None)
        assert not machine.processes()
        services.redeploy(actor=engineer, endpoint=endpoint)

        assert ask(healthy(endpoint)) == "HELLO"

    def test_stops_the_traffic_before_the_server(self, machine, healthy_endpoint, engineer):
        services.pause(actor=engineer, endpoint=healthy_endpoint)

        endpoint = step(healthy_endpoint)

        assert endpoint.address == ""
        assert len(machine.processes()) == 1

    def test_deletes_everything_but_the_history(self, machine, healthy_endpoint, manager, engineer):
        services.delete_endpoint(actor=manager, endpoint=healthy_endpoint)

        endpoint = until(healthy_endpoint, is_at_rest)

        assert endpoint.status == EndpointStatus.DELETED
        assert not machine.processes()
        assert not list((machine.folder / "work").iterdir())
        assert endpoint.revisions.count() == 1
        again = endpoint_of(engineer, endpoint.owner_team, endpoint.revision.model_version)
        assert again.route_name == endpoint.route_name

    def test_pauses_what_never_started(self, machine, endpoint, engineer):
        machine.trouble = "The environment is being installed."
        step(endpoint)
        services.pause(actor=engineer, endpoint=endpoint)

        endpoint = until(endpoint, is_at_rest)

        assert endpoint.status == EndpointStatus.PAUSED


class TestStepThatIsOvertaken:
    def test_writes_nothing_about_what_is_no_longer_wanted(self, machine, healthy_endpoint, engineer, monkeypatch):
        machine.kill_all()
        real = machine.backend.observe

        def observe(name):
            services.pause(actor=engineer, endpoint=healthy_endpoint)
            monkeypatch.setattr(machine.backend, "observe", real)
            return real(name)

        monkeypatch.setattr(machine.backend, "observe", observe)
        endpoint = step(healthy_endpoint)

        assert endpoint.status == EndpointStatus.HEALTHY
        assert endpoint.next_look_at is not None
        assert until(endpoint, is_at_rest).status == EndpointStatus.PAUSED
