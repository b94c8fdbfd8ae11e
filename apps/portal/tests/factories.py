"""The whole way of one answer, walked through the services that users go through."""

from dataclasses import dataclass
from pathlib import Path
from types import ModuleType

from apps.accounts.models import Team, User
from apps.catalog.models import ModelVersion
from apps.catalog.services import approve_model_version, submit_model
from apps.datasets.models import DatasetVersion
from apps.evaluation import services as evaluation
from apps.evaluation.models import EvaluationRun, ReviewCampaign
from apps.evaluation.tests import factories as evaluations
from apps.integrations.program.tests.interpreter import FakeInterpreter
from apps.serving.models import Endpoint
from apps.serving.tests.factories import endpoint_of
from apps.training import services as training
from apps.training.models import TrainingJob
from apps.training.states import JobStatus
from apps.training.tests import factories as trainings


@dataclass(frozen=True, slots=True, kw_only=True)
class Way:
    """From data to an endpoint: everything that stands behind its answers."""

    pairs: DatasetVersion
    heldout: DatasetVersion
    base: ModelVersion
    job: TrainingJob
    model: ModelVersion
    run: EvaluationRun
    campaign: ReviewCampaign
    endpoint: Endpoint


def walked(*, engineer: User, reviewer: User, approver: User, team: Team, folder: Path, settings: object) -> Way:
    """Train, evaluate, review, approve and deploy. What runs are the fake programs of training and evaluation."""

    def played_by(tests: ModuleType) -> None:
        script = Path(str(tests.__file__)).parent / "fake_program.py"
        settings.TRAIN_PYTHON = str(FakeInterpreter(folder / tests.__name__, script).python)

    pairs = trainings.pairs(engineer, approver, team)
    heldout = evaluations.heldout(engineer, approver, team)
    base = trainings.base_model(engineer, approver, team, folder / "base")
    played_by(trainings)
    job = training.submit_job(actor=engineer, team=team, spec=trainings.sft_spec(pairs, base))
    job = trainings.look_until(job, JobStatus.SUCCEEDED)
    model = job.output_model
    played_by(evaluations)
    run = evaluations.done(evaluation.start_run(actor=engineer, model=model, dataset=heldout))
    campaign = evaluation.open_campaign(actor=engineer, run=run, sample_size=2, title="Answers")
    for acceptable in (True, False):
        evaluations.review(reviewer, campaign, acceptable=acceptable)
    submit_model(actor=engineer, model=model, reason="Ready")
    model = approve_model_version(actor=approver, model=model, version=model.version, comment="Good")
    endpoint = endpoint_of(engineer, team, model)
    return Way(
        pairs=pairs,
        heldout=heldout,
        base=base,
        job=job,
        model=model,
        run=run,
        campaign=campaign,
        endpoint=endpoint,
    )
