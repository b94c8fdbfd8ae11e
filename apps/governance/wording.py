"""Actions of the audit trail as a person reads them."""

TOLD = {  # of requests, whose trail stands beside that of what they are about
    "approvalrequest.approve": "Gave approval",
    "approvalrequest.open": "Asked for approval",
    "approvalrequest.reject": "Gave a rejection",
    "approvalrequest.void_approvals": "Voided the approvals",
    "approvalrequest.withdraw": "Withdrew the request",
}
PAST = {  # what the rule of `done` does not make
    "cancel": "cancelled",
    "given": "given",
    "label": "labelled",
    "lose": "lost",
    "prompt": "prompt changed",
    "read": "read",
    "rollback": "rolled back",
    "run": "ran",
    "send": "sent",
    "set": "set",
    "ship": "shipped",
    "submit": "submitted",
    "succeed": "succeeded",
    "taken": "taken",
    "withdraw": "withdrew",
}


def done(action: str) -> str:
    """Return what was done: "modelversion.add_files" is "Added files", "datasetversion.send_back" is "Sent back"."""
    if action in TOLD:
        return TOLD[action]
    verb, *rest = action.rpartition(".")[2].split("_")
    return " ".join([_past(verb), *rest]).capitalize()


def _past(verb: str) -> str:
    if verb in PAST or verb.endswith("ed"):
        return PAST.get(verb, verb)
    if verb.endswith("ry"):
        return f"{verb[:-1]}ied"
    return f"{verb}d" if verb.endswith("e") else f"{verb}ed"
