"""The steps of the main job. Each uses the public API only, prints what it sees, and leaves it in `Story`."""

import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from openai import OpenAI

from llmops_portal.demo import specs
from llmops_portal.demo.client import DemoError, Json, Person, Refused, wait_for

DATA = Path(__file__).resolve().parents[2] / "examples" / "voc"
TRAINING_WITHIN_S = 420
SHORT_WITHIN_S = 120
SETUP_WITHIN_S = 600
SEED = 7
REVIEWED = 10


@dataclass
class Story:
    """Two people, and what they have made so far."""

    url: str
    engineer: Person
    approver: Person
    timings: list[tuple[str, float]] = field(default_factory=list)
    refusals: list[tuple[str, str]] = field(default_factory=list)
    dataset: Json = field(default_factory=dict)
    heldout: Json = field(default_factory=dict)
    corpus: Json = field(default_factory=dict)
    base: Json = field(default_factory=dict)
    tuned: Json = field(default_factory=dict)
    base_run: Json = field(default_factory=dict)
    tuned_run: Json = field(default_factory=dict)
    endpoint: Json = field(default_factory=dict)
    prompt: Json = field(default_factory=dict)
    answer: Json = field(default_factory=dict)
    request_id: str = ""
    request: Json = field(default_factory=dict)
    provenance: Json = field(default_factory=dict)

    @contextmanager
    def step(self, title: str) -> Iterator[None]:
        """Print the step's title, and its time once it is done."""
        print(f"\n{len(self.timings) + 1}. {title}", flush=True)
        began = time.monotonic()
        yield
        took = time.monotonic() - began
        self.timings.append((title, took))
        print(f"   done in {took:.1f} s", flush=True)

    def refused(self, what: str, attempt: Callable[[], Any], *, code: str) -> None:
        """Try what must not succeed, and show how it is refused."""
        try:
            attempt()
        except Refused as refusal:
            if refusal.data.get("code") != code:
                raise DemoError(f"{what}: refused as {refusal.data.get('code')}, not as {code}: {refusal}") from refusal
            self.refusals.append((what, refusal.message))
            say(f"refused, as it must be: {what}")
            say(f"  {refusal.message}")
            return
        raise DemoError(f"{what} was not refused.")


def say(text: str) -> None:
    print(f"      {text}", flush=True)


def tell(story: Story) -> None:
    """The whole main job."""
    with story.step("Data: upload, validate, clean, approve"):
        prepare_data(story)
    with story.step("A small base model, pretrained from nothing"):
        story.base = train(story, specs.pretrain(story.corpus))
        approve_model(story, story.base, "A base for our fine-tunes")
    with story.step("Supervised fine-tuning on the approved data"):
        story.tuned = train(story, specs.fine_tune(story.dataset, story.base))
    with story.step("What policy refuses before there is evidence"):
        submit_too_early(story)
    with story.step("Evaluation of base and tuned on held-out messages"):
        story.base_run = evaluate(story, story.base)
        story.tuned_run = evaluate(story, story.tuned)
    with story.step("A person reviews ten sampled answers"):
        review(story)
    with story.step("Approval by somebody else"):
        approve_request(story, story.tuned)
    with story.step("Deployment"):
        deploy(story)
    with story.step("Calls: the portal's API and the openai client, streamed and not"):
        call(story)
    with story.step("Provenance of one answer"):
        trace(story)


def prepare_data(story: Story) -> None:
    raw = upload_dataset(story, "voc-support", "sft_pair", "train.jsonl", "Support messages with intent and department")
    found = story.engineer.get(f"/catalog/datasets/{raw['id']}/validation")
    say(f"validated: {found['rows']} rows, quality {found['quality']['score']}, {describe_findings(found)}")
    set_status(story.engineer, "datasets", raw, "under_review", "Ready for training")
    story.refused(
        "approving a dataset that holds personal data",
        lambda: approve_request(story, raw),
        code="governance.policy_denied",
    )
    story.dataset = story.engineer.post(
        f"/catalog/datasets/{raw['id']}/clean", {"drop_duplicates": True, "pii": "mask"}, once=f"clean-{raw['id']}"
    )
    say(f"cleaned into version {story.dataset['version']}: {story.dataset['derivation']}")
    story.corpus = upload_dataset(
        story, "voc-corpus", "pretrain_corpus", "corpus.jsonl", "Texts about the shop, its products and policies"
    )
    story.heldout = upload_dataset(
        story, "voc-heldout", "eval_set", "heldout.jsonl", "Messages that no training ever sees"
    )
    for dataset in (story.dataset, story.corpus, story.heldout):
        set_status(story.engineer, "datasets", dataset, "under_review", "Validated and clean")
    story.refused(
        "the engineer approving their own dataset",
        lambda: story.engineer.post(f"/governance/approvals/{open_request(story, story.dataset)}/approve"),
        code="governance.own_work",
    )
    for dataset in (story.dataset, story.corpus, story.heldout):
        approve_request(story, dataset)


def upload_dataset(story: Story, name: str, kind: str, file: str, description: str) -> Json:
    dataset = story.engineer.post(
        "/catalog/datasets",
        {
            "name": name,
            "type": kind,
            "owner_team": specs.TEAM,
            "license": "Apache-2.0",
            "description": description,
        },
    )
    uploaded: Json = story.engineer.upload(f"/catalog/datasets/{dataset['id']}/upload", DATA / file)
    say(f"{name} {dataset['version']}: {uploaded['row_count']} rows, sha256 {uploaded['sha256'][:12]}")
    return uploaded


def describe_findings(found: Json) -> str:
    kinds = found["pii"].get("by_kind") or found["pii"].get("counts") or {}
    pii = ", ".join(f"{count} {kind}" for kind, count in kinds.items()) or "no personal data"
    return f"{pii}, {found['duplicates'].get('count', 0)} duplicates"


def train(story: Story, spec: Json) -> Json:
    """Submit a job, wait for it, and return the model version that it made."""
    job = story.engineer.post("/training/jobs", spec, once=f"{spec['job_type']}-{time.time_ns()}")
    say(f"job {job['id']} accepted: {spec['job_type']}, {spec['method']}")
    done = wait_for(
        spec["job_type"],
        lambda: story.engineer.get(f"/training/jobs/{job['id']}"),
        lambda seen: seen["status"] in {"succeeded", "failed", "cancelled", "lost"},
        within_s=SETUP_WITHIN_S + TRAINING_WITHIN_S,
        say=describe_job,
    )
    if done["status"] != "succeeded":
        raise DemoError(f"The job {done['status']}: {done['status_reason']}\n{done.get('log_tail', '')}")
    model: Json = story.engineer.get(f"/catalog/models/{done['output_model']['id']}")
    say(f"made {model['name']} {model['version']}: {len(model['files'])} files, {model['digest'][:19]}…")
    return model


def describe_job(job: Json) -> str:
    progress = job.get("progress") or {}
    if job["status"] == "queued":
        return f"queued; {job['status_reason']}" if job.get("status_reason") else "queued"
    if progress.get("total_steps"):
        tenth = progress["step"] * 10 // progress["total_steps"] * 10
        return f"{job['status']}, {progress.get('phase', '')} {tenth} %"
    return f"{job['status']} {progress.get('phase', '')}".strip()


def state_risk_tier(story: Story, model: Json, **more: Any) -> None:
    """Say how much harm the model can do. Without that it counts as high, and a risk officer has to decide too."""
    metadata = {**model["metadata"], "risk_tier": specs.RISK_TIER}
    story.engineer.patch(f"/catalog/models/{model['id']}", {"metadata": metadata, **more})
    say(f"{model['name']} is of {specs.RISK_TIER} risk: it sorts messages, and people answer them")


def submit_too_early(story: Story) -> None:
    state_risk_tier(story, story.tuned)
    set_status(story.engineer, "models", story.tuned, "under_review", "Please release it")
    story.refused(
        "releasing a model that nobody has evaluated or reviewed",
        lambda: approve_request(story, story.tuned),
        code="governance.policy_denied",
    )


def evaluate(story: Story, model: Json) -> Json:
    run = story.engineer.post(
        "/evaluation/runs",
        {
            "run_type": "automated",
            "model_id": model["id"],
            "dataset_id": story.heldout["id"],
            "metrics": ["exact_match", "token_f1"],
            "sample_size": story.heldout["row_count"],
            "seed": SEED,
            "settings": {"max_new_tokens": specs.MAX_ANSWER_TOKENS},
        },
        once=f"eval-{model['id']}-{time.time_ns()}",
    )
    done = wait_for(
        f"evaluation of {model['name']}",
        lambda: story.engineer.get(f"/evaluation/runs/{run['id']}"),
        lambda seen: seen["status"] in {"succeeded", "failed", "cancelled"},
        within_s=SHORT_WITHIN_S,
        say=lambda seen: seen["status"],
    )
    if done["status"] != "succeeded":
        raise DemoError(f"The evaluation {done['status']}: {done['status_reason']}")
    for name, result in done["results"].items():
        say(f"{name}: {result['value']:.3f} ({result['low']:.3f} to {result['high']:.3f}), n={result['n']}")
    return done


def review(story: Story) -> None:
    """The reviewer judges each answer against what the guidelines say is right: the message's intent and department."""
    campaign = story.engineer.post(
        f"/evaluation/runs/{story.tuned_run['id']}/campaigns",
        {"title": "Ten answers of voc-triage", "sample_size": REVIEWED, "seed": SEED},
        once=f"campaign-{story.tuned_run['id']}",
    )
    acceptable = 0
    for _ in range(REVIEWED):
        task = story.approver.post("/evaluation/queue/claim", {"campaign_id": campaign["id"]})
        good = task["answer"].strip() == task["reference"].strip()
        story.approver.post(
            f"/evaluation/runs/{story.tuned_run['id']}/human-review",
            {"task_id": task["id"], "acceptable": good, "comment": "" if good else "Wrong label"},
            once=f"review-{task['id']}",
        )
        acceptable += good
    say(f"{acceptable} of {REVIEWED} answers are acceptable, says {story.approver.username}")


def deploy(story: Story) -> None:
    story.prompt = ensure_prompt(story)
    for old in story.engineer.get("/serving/endpoints")["items"]:
        if old["route_name"] == specs.ROUTE and old["status"] != "deleted":
            story.endpoint = story.engineer.post(
                f"/serving/endpoints/{old['id']}/redeploy",
                {"changes": {"model_ref": story.tuned["id"]}, "reason": "A newer approved model"},
            )
            break
    else:
        story.endpoint = story.engineer.post(
            "/serving/endpoints",
            specs.deployment(story.tuned, story.prompt),
            once=f"deploy-{story.tuned['id']}",
        )
    story.endpoint = wait_for(
        f"endpoint {specs.ROUTE}",
        lambda: story.engineer.get(f"/serving/endpoints/{story.endpoint['id']}"),
        lambda seen: seen["status"] in {"healthy", "failed"} and serves(seen, story.tuned),
        within_s=SHORT_WITHIN_S,
        say=lambda seen: f"{seen['status']} {seen['status_reason']}".strip(),
    )
    if story.endpoint["status"] != "healthy":
        raise DemoError(f"The endpoint {story.endpoint['status']}: {story.endpoint['status_reason']}")


def serves(endpoint: Json, model: Json) -> bool:
    """Tell whether the revision that answers is one of `model`, or none will."""
    answering = {
        revision["model_digest"]
        for revision in endpoint["revisions"]
        if revision["number"] == endpoint["serving_revision"]
    }
    return endpoint["status"] == "failed" or model["digest"] in answering


def ensure_prompt(story: Story) -> Json:
    """Return the newest version of the demo's prompt template; make the template the first time."""
    for template in story.engineer.get("/prompts/templates", q=specs.PROMPT)["items"]:
        if template["name"] == specs.PROMPT:
            detail: Json = story.engineer.get(f"/prompts/templates/{template['id']}")
            return dict(detail["versions"][0])
    made: Json = story.engineer.post(
        "/prompts/templates",
        {
            "name": specs.PROMPT,
            "owner_team": specs.TEAM,
            "description": "Intent and department of a customer's message",
            "user": (DATA / "prompt_template.txt").read_text(encoding="utf-8"),
            "notes": "First version",
        },
    )
    return dict(made["versions"][0])


def call(story: Story) -> None:
    message = "I would like my money back for the toaster, it never worked. Order 88213."
    question = {
        "messages": [{"role": "user", "content": message}],
        "max_tokens": specs.MAX_ANSWER_TOKENS,
        "temperature": 0,
    }
    story.answer = story.engineer.post(f"/serve/{specs.ROUTE}/chat", question)
    story.request_id = story.answer["id"]
    say(f"POST /llm-ops/v1/serve/{specs.ROUTE}/chat: {text_of(story.answer)!r}")
    client = OpenAI(base_url=f"{story.url}/v1", api_key=story.engineer.key, max_retries=0)
    say(f"openai client, models: {[model.id for model in client.models.list()]}")
    whole = client.chat.completions.create(model=specs.ROUTE, **question)  # type: ignore[call-overload]
    say(f"openai client: {whole.choices[0].message.content!r}, {whole.usage.total_tokens} tokens")
    parts = [
        chunk.choices[0].delta.content or ""
        for chunk in client.chat.completions.create(model=specs.ROUTE, stream=True, **question)  # type: ignore[call-overload]
        if chunk.choices
    ]
    say(f"openai client, streamed: {''.join(parts)!r} in {len(parts)} pieces")
    if not "".join(parts).strip() == (whole.choices[0].message.content or "").strip() == text_of(story.answer).strip():
        raise DemoError("The three calls at temperature 0 answered differently.")


def text_of(answer: Json) -> str:
    return str(answer["choices"][0]["message"]["content"])


def trace(story: Story) -> None:
    def look() -> Json:
        try:
            return {"found": story.engineer.get(f"/serve/requests/{story.request_id}")}
        except Refused as refusal:
            if refusal.status != 404:
                raise
            return {"found": None}

    seen = wait_for(
        "record of the request",
        look,
        lambda answer: answer["found"] is not None,
        within_s=30,
        say=lambda answer: "there" if answer["found"] else "on its way",
    )
    story.request = seen["found"]
    story.provenance = story.engineer.get(f"/serve/requests/{story.request_id}/provenance")
    if not story.provenance["complete"]:
        raise DemoError(f"The chain has gaps: {story.provenance['missing']}")
    say(f"{len(story.provenance['steps'])} steps, none missing")


def set_status(person: Person, kind: str, thing: Json, status: str, reason: str) -> None:
    person.patch(f"/catalog/{kind}/{thing['id']}/status", {"status": status, "reason": reason})


def open_request(story: Story, thing: Json) -> str:
    """Return the id of the open approval request about `thing`."""
    waiting = story.approver.get("/governance/approvals", status="open", subject_id=thing["id"])["items"]
    return str(waiting[0]["id"])


def approve_request(story: Story, thing: Json) -> None:
    """The approver looks at the request and approves exactly what they saw."""
    request = story.approver.get(f"/governance/approvals/{open_request(story, thing)}")
    story.approver.post(
        f"/governance/approvals/{request['id']}/approve",
        {"comment": "Looks right", "seen_digest": request["digest"]},
    )
    say(f"{story.approver.username} approved {thing['name']} {thing['version']}")


def approve_model(story: Story, model: Json, reason: str) -> None:
    state_risk_tier(story, model, license="Apache-2.0")
    set_status(story.engineer, "models", model, "under_review", reason)
    approve_request(story, model)
