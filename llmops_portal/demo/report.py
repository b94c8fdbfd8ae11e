"""What the demo ends with: the figures, the chain behind one answer, and where to look."""

from collections.abc import Sequence

from llmops_portal.demo.client import Json
from llmops_portal.demo.story import Story

WIDTH = 100


def report(story: Story, sign_ins: dict[str, str]) -> str:
    """Return the closing table as text."""
    parts = [
        heading("Answers before and after tuning (held-out messages)"),
        table(["message", "expected", "base", "tuned"], answers(story), widths=[42, 24, 24, 24]),
        heading("Evaluation, 95 % bootstrap intervals"),
        table(["metric", "base", "tuned", "apart"], metrics(story)),
        heading("Cost"),
        table(["what", "USD"], costs(story)),
        heading("Provenance of one answer"),
        table(["", "what", "id", "digest"], chain(story), widths=[22, 38, 10, 22]),
        heading("Refused on the way"),
        "\n".join(f"  {what}\n    {why}" for what, why in story.refusals),
        heading("Time"),
        table(["step", "seconds"], [[title, f"{took:.1f}"] for title, took in story.timings], widths=[70, 8]),
        heading("Look yourself"),
        f"  {story.url}",
        *(f"  sign in as {name:<9} with {password}" for name, password in sign_ins.items()),
        f"  {story.url}/provenance/{story.request_id}/",
    ]
    return "\n".join(parts)


def is_better(story: Story) -> bool:
    """Tell whether the tuned model is better by intervals that do not touch, on every metric."""
    pairs = [(story.base_run["results"][name], result) for name, result in story.tuned_run["results"].items()]
    return all(base["high"] < tuned["low"] for base, tuned in pairs)


def answers(story: Story) -> list[list[str]]:
    before = {sample["index"]: sample["prediction"] for sample in story.base_run["samples"]}
    shown = story.tuned_run["samples"][:6]
    return [
        [
            sample["prompt"].split("Message: ", 1)[-1],
            sample["reference"],
            before.get(sample["index"], ""),
            sample["prediction"],
        ]
        for sample in shown
    ]


def metrics(story: Story) -> list[list[str]]:
    rows = []
    for name, tuned in story.tuned_run["results"].items():
        base = story.base_run["results"][name]
        rows.append([name, figure(base), figure(tuned), "yes" if base["high"] < tuned["low"] else "NO"])
    return rows


def figure(result: Json) -> str:
    return f"{result['value']:.3f} ({result['low']:.3f} to {result['high']:.3f})"


def costs(story: Story) -> list[list[str]]:
    jobs = [step for step in story.provenance["steps"] if step["kind"] == "training_job"]
    rows = [[f"training {step['label']}", step["facts"]["cost_usd"]] for step in jobs]
    return [
        *rows,
        [
            f"this answer ({story.request['prompt_tokens']} + {story.request['completion_tokens']} tokens)",
            story.request["cost_usd"],
        ],
    ]


def chain(story: Story) -> list[list[str]]:
    return [
        [step["because"], f"{step['kind']}: {step['label']}", step["id"][-8:], step["digest"][:21]]
        for step in story.provenance["steps"]
    ]


def heading(title: str) -> str:
    return f"\n{title}\n{'-' * len(title)}"


def table(head: Sequence[str], rows: Sequence[Sequence[str]], *, widths: Sequence[int] | None = None) -> str:
    """Return rows in columns; what is wider than its column is cut with an ellipsis. Wide characters count two."""
    limits = widths or [WIDTH // len(head)] * len(head)
    cells = [list(head), *([" ".join(str(cell).split()) for cell in row] for row in rows)]
    actual = [min(limit, max(shown_width(row[index]) for row in cells)) for index, limit in enumerate(limits)]
    return "\n".join(
        "  " + "  ".join(fitted(cell, width) for cell, width in zip(row, actual, strict=True)).rstrip() for row in cells
    )


def fitted(text: str, width: int) -> str:
    if shown_width(text) > width:
        while shown_width(text) > width - 1:
            text = text[:-1]
        text += "…"
    return text + " " * (width - shown_width(text))


def shown_width(text: str) -> int:
    """Return the columns that a terminal needs for `text`: Korean syllables take two."""
    return sum(2 if "\u1100" <= character <= "\uffdc" else 1 for character in text)
