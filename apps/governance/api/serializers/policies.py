"""Shapes of policies and of what they decided."""

from typing import Any

from rest_framework import serializers

from apps.core.api.inputs import StrictSerializer
from apps.governance.models import Decision, PolicyVersion
from apps.governance.services.replay import LAST_MAX
from apps.governance.states import PolicyStatus


class DecisionOut(serializers.ModelSerializer[Decision]):
    actor = serializers.CharField(source="actor.username")
    subject_kind = serializers.CharField()

    class Meta:
        model = Decision
        fields = (
            "id",
            "at",
            "actor",
            "transition",
            "allowed",
            "subject_kind",
            "subject_id",
            "subject_label",
            "subject_digest",
            "facts",
            "facts_digest",
            "results",
            "demands",
            "engine",
            "latency_us",
        )


class PolicyVersionOut(serializers.ModelSerializer[PolicyVersion]):
    key = serializers.CharField(source="policy.key")
    title = serializers.CharField(source="policy.title")
    owner_team = serializers.CharField(source="owner_team.slug")
    created_by = serializers.CharField(source="created_by.username")

    class Meta:
        model = PolicyVersion
        fields = (
            "id",
            "key",
            "title",
            "number",
            "status",
            "mode",
            "digest",
            "owner_team",
            "created_by",
            "created_at",
            "source",
            "document",
            "replay",
        )


class PolicyIn(StrictSerializer):
    owner_team = serializers.SlugField(help_text="The team that owns a new policy.")
    source = serializers.CharField(help_text="The YAML document.", trim_whitespace=False)


class PolicySourceIn(StrictSerializer):
    source = serializers.CharField(help_text="The YAML document.", trim_whitespace=False)


class PolicyTestOut(serializers.Serializer[Any]):
    tests = serializers.IntegerField(help_text="How many tests ran; all passed.")
    rules = serializers.ListField(child=serializers.CharField())


class DecisionFilter(StrictSerializer):
    allowed = serializers.BooleanField(required=False, allow_null=True, default=None)
    subject_id = serializers.UUIDField(required=False)
    transition = serializers.CharField(required=False)


class PolicyFilter(StrictSerializer):
    key = serializers.SlugField(required=False, help_text="The `id` of the documents.")
    status = serializers.ChoiceField(choices=PolicyStatus.choices, required=False)
    digest = serializers.CharField(max_length=71, required=False, help_text="Of the document.")


class PolicyCheckIn(StrictSerializer):
    source = serializers.CharField(help_text="The YAML document.", trim_whitespace=False, allow_blank=True)
    facts = serializers.JSONField(required=False, default=None, help_text="Facts to try the rules on.")

    def validate_facts(self, value: Any) -> Any:
        if value is not None and not isinstance(value, dict):
            raise serializers.ValidationError("Facts are a map from names to values.")
        return value


class PlaceOut(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="Such as rules[0].expression.")
    line = serializers.IntegerField(help_text="Counted from 1.")
    column = serializers.IntegerField(help_text="Counted from 1.")
    message = serializers.CharField()


class PolicyTestRunOut(serializers.Serializer[Any]):
    name = serializers.CharField()
    passed = serializers.BooleanField()
    why = serializers.CharField(help_text="What it expected and what happened, where it fails.")
    line = serializers.IntegerField()
    denied = serializers.ListField(child=serializers.CharField())
    demanded = serializers.ListField(child=serializers.CharField())


class RuleCoverageOut(serializers.Serializer[Any]):
    rule = serializers.CharField()
    allowing = serializers.BooleanField(help_text="Whether a test has it hold.")
    denying = serializers.BooleanField(help_text="Whether a test has it not hold.")


class DemandOut(serializers.Serializer[Any]):
    role = serializers.CharField()
    count = serializers.IntegerField()
    because = serializers.CharField(help_text="The policy, or the rule of it, that asks.")


class RuleResultOut(serializers.Serializer[Any]):
    rule = serializers.CharField()
    outcome = serializers.CharField(help_text="passed, denied, demands (more approvals) or waived.")
    passed = serializers.BooleanField()
    message = serializers.CharField()
    mend = serializers.CharField()
    severity = serializers.CharField()
    error = serializers.CharField(help_text="Why no answer could be had.")
    demands = DemandOut(many=True)


class PolicyCheckOut(serializers.Serializer[Any]):
    valid = serializers.BooleanField(help_text="Whether it could be saved.")
    id = serializers.CharField(allow_null=True)
    mode = serializers.CharField(allow_null=True)
    digest = serializers.CharField(allow_null=True)
    faults = PlaceOut(many=True)
    tests = PolicyTestRunOut(many=True)
    coverage = RuleCoverageOut(many=True)
    tried = RuleResultOut(many=True, allow_null=True, help_text="What each rule answers on `facts`.")
    tried_faults = serializers.DictField(child=serializers.CharField(), help_text="Facts that do not fit, by place.")


class ReplayIn(StrictSerializer):
    last = serializers.IntegerField(min_value=1, max_value=LAST_MAX, required=False, default=LAST_MAX)


class ReplayRowOut(serializers.Serializer[Any]):
    decision_id = serializers.UUIDField()
    was = serializers.CharField(help_text="allowed, denied, demands (more approvals) or silent.")
    would_be = serializers.CharField(help_text="The same, of the draft.")
    rules = serializers.ListField(child=serializers.CharField(), help_text="Whose answers differ.")


class ReplayOut(serializers.Serializer[Any]):
    decisions = serializers.IntegerField(help_text="How many were looked at.")
    unseen = serializers.IntegerField(help_text="How many were not, since the caller may not see them.")
    changed = serializers.IntegerField()
    newly_denied = serializers.IntegerField()
    newly_allowed = serializers.IntegerField()
    newly_demands = serializers.IntegerField()
    newly_silent = serializers.IntegerField()
    rows = ReplayRowOut(many=True, help_text="The first hundred that would change.")


class PolicySubmitIn(StrictSerializer):
    reason = serializers.CharField(max_length=2000)


class FactOut(serializers.Serializer[Any]):
    path = serializers.CharField(help_text="How an expression names it; [] stands for an index or a loop.")
    type = serializers.CharField()
    example = serializers.JSONField(allow_null=True)
    description = serializers.CharField()


class KindFactsOut(serializers.Serializer[Any]):
    kind = serializers.CharField()
    name = serializers.CharField()
    transitions = serializers.ListField(child=serializers.CharField())
    facts = FactOut(many=True)
    example = serializers.JSONField(help_text="All of them together, to try rules on.")


class FactsOut(serializers.Serializer[Any]):
    kinds = KindFactsOut(many=True)
