import pytest

from apps.accounts.errors import PermissionRefusedError
from apps.accounts.permissions import Permission
from apps.accounts.services import grant_access
from apps.catalog import services
from apps.catalog.errors import NothingToReviewError, UnknownVersionError
from apps.catalog.models import ModelVersion
from apps.catalog.tests import factories
from apps.core.errors import NotFoundError
from apps.governance.errors import NothingToDecideError, OwnWorkError, PolicyDeniedError, UnreachableStatusError
from apps.governance.models import ApprovalRequest, AuditEvent
from apps.governance.selectors import inbox, visible_decisions, visible_events, visible_requests
from apps.governance.services import activate_starter_policies, approve_request, withdraw_request
from conftest import hold


class TestSubmitModel:
    def test_moves_it_into_review_and_asks_for_approval(self, engineer, team, tmp_path):
        model = factories.under_review(engineer, team, tmp_path)

        request = ApprovalRequest.objects.get()
        assert (model.status, request.requester, request.transition) == ("under_review", engineer, "approve")
        assert request.manifest["files_digest"] == model.digest

    def test_refuses_an_entry_without_files(self, engineer, team):
        model = factories.draft(engineer, team)

        with pytest.raises(NothingToReviewError):
            services.submit_model(actor=engineer, model=model, reason="Ready")

        model.refresh_from_db()
        assert model.status == "draft"
        assert not ApprovalRequest.objects.exists()

    def test_lets_an_external_model_through_without_files(self, engineer, team):
        model = factories.draft(engineer, team, type="external", metadata={"provider": "openai", "model": "gpt-x"})

        assert services.submit_model(actor=engineer, model=model, reason="Ready").status == "under_review"

    def test_refuses_a_second_time(self, engineer, team, tmp_path):
        model = factories.under_review(engineer, team, tmp_path)

        with pytest.raises(UnreachableStatusError, match="is under_review and cannot become under_review"):
            services.submit_model(actor=engineer, model=model, reason="Ready")


class TestSetModelStatus:
    def test_approves_through_the_open_request(self, engineer, approver, team, tmp_path):
        model = factories.under_review(engineer, team, tmp_path)

        model = services.set_model_status(actor=approver, model=model, status="approved", reason="Good")

        assert model.status == "approved"
        assert ApprovalRequest.objects.get().status == "executed"

    def test_refuses_the_approval_of_who_made_it(self, manager, approver, team, tmp_path):
        hold(approver, team, "engineer")
        model = factories.under_review(approver, team, tmp_path)

        with pytest.raises(OwnWorkError):
            services.set_model_status(actor=approver, model=model, status="approved", reason="Mine")

    @pytest.mark.parametrize("part", ["edited", "uploaded", "removed a file of"])
    def test_refuses_the_approval_of_who_changed_it(self, engineer, approver, team, tmp_path, part):
        hold(approver, team, "engineer")
        model = factories.under_review(engineer, team, tmp_path)
        match part:
            case "edited":
                services.edit_model(actor=approver, model=model, changes={"license": "MIT"})
            case "uploaded":
                more = factories.files_in(tmp_path / "more", generation_config__json={"do_sample": False})
                services.add_model_files(actor=approver, model=model, files=more)
            case _:
                services.remove_model_file(actor=approver, model=model, path="tokenizer.json")

        with pytest.raises(OwnWorkError, match=f"You {part} this"):
            services.set_model_status(actor=approver, model=model, status="approved", reason="Mine now")

        model.refresh_from_db()
        assert model.status == "under_review"

    def test_a_policy_refuses_and_its_decision_is_kept(self, engineer, approver, superuser, team, tmp_path):
        activate_starter_policies(actor=superuser, team=team)
        model = factories.under_review(engineer, team, tmp_path, license="")

        with pytest.raises(PolicyDeniedError) as refused:
            services.set_model_status(actor=approver, model=model, status="approved", reason="Good")

        assert [rule.rule for rule in refused.value.rules] == ["base-model-release.has_licence"]
        model.refresh_from_db()
        assert model.status == "under_review"

    def test_back_to_draft_withdraws_for_the_requester_and_rejects_for_an_approver(
        self, engineer, approver, team, tmp_path
    ):
        model = factories.under_review(engineer, team, tmp_path)
        services.set_model_status(actor=engineer, model=model, status="draft", reason="Not yet")
        services.submit_model(actor=engineer, model=model, reason="Now")
        model = services.set_model_status(actor=approver, model=model, status="draft", reason="No card")

        assert model.status == "draft"
        assert set(ApprovalRequest.objects.values_list("status", flat=True)) == {"withdrawn", "rejected"}

    def test_deprecates_what_is_approved(self, engineer, approver, manager, team, tmp_path):
        model = factories.approved(engineer, approver, team, tmp_path)

        with pytest.raises(PermissionRefusedError):
            services.set_model_status(actor=engineer, model=model, status="deprecated", reason="Old")
        model = services.set_model_status(actor=manager, model=model, status="deprecated", reason="Old")

        assert model.status == "deprecated"

    def test_says_where_it_can_go_when_it_cannot_go_there(self, engineer, team):
        model = factories.draft(engineer, team)

        with pytest.raises(UnreachableStatusError, match="It can become: under_review"):
            services.set_model_status(actor=engineer, model=model, status="approved", reason="Now")

        assert AuditEvent.objects.count() == 1


class TestApproveModelVersion:
    def test_finds_the_version_by_its_number(self, engineer, approver, team, tmp_path):
        first = factories.under_review(engineer, team, tmp_path / "a")
        second = factories.under_review(engineer, team, tmp_path / "b")

        done = services.approve_model_version(actor=approver, model=first, version="2", comment="Good")

        assert (done.pk, done.status) == (second.pk, "approved")

    def test_refuses_a_version_that_there_is_not_or_nobody_submitted(self, engineer, approver, team):
        model = factories.draft(engineer, team)

        with pytest.raises(UnknownVersionError):
            services.approve_model_version(actor=approver, model=model, version="9", comment="")
        with pytest.raises(NothingToDecideError):
            services.approve_model_version(actor=approver, model=model, version="1", comment="")


class TestDenial:
    """A grant that denies beats the role, on every way to the object."""

    @pytest.fixture
    def denied(self, manager, engineer, approver, team, tmp_path):
        model = factories.under_review(engineer, team, tmp_path)
        for permission in (Permission.READ, Permission.APPROVE):
            grant_access(actor=manager, user=approver, permission=permission, subject=model, effect="deny")
        return model

    def test_hides_the_requests_decisions_and_events_about_it(self, approver, denied):
        assert not visible_requests(actor=approver).exists()
        assert not inbox(actor=approver).exists()
        assert not visible_decisions(actor=approver).filter(subject_id=denied.pk).exists()
        assert not visible_events(actor=approver).filter(subject_id=denied.pk).exists()

    def test_takes_the_verdict_away(self, approver, denied):
        with pytest.raises(NotFoundError):
            approve_request(actor=approver, request=ApprovalRequest.objects.get())

        denied.refresh_from_db()
        assert denied.status == "under_review"


class TestDeletedSubject:
    """A request that was withdrawn outlives the draft that it was about."""

    @pytest.fixture
    def orphan(self, engineer, team, tmp_path):
        model = factories.under_review(engineer, team, tmp_path)
        request = withdraw_request(actor=engineer, request=ApprovalRequest.objects.get())
        services.delete_model(actor=engineer, model=ModelVersion.objects.get(pk=model.pk))
        return request

    def test_its_page_is_not_found(self, client, engineer, orphan):
        client.force_login(engineer)

        assert client.get(f"/governance/approvals/{orphan.pk}/").status_code == 404

    def test_nobody_can_decide_it(self, approver, orphan):
        with pytest.raises(NotFoundError, match="was deleted"):
            approve_request(actor=approver, request=orphan)
