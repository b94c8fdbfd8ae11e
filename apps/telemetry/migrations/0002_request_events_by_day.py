"""The table of request events, partitioned by day, which Django cannot make: the SQL does, and Django is told its columns.

Days are made ahead by `telemetry.make_partitions`; what arrives for a day that has none lands in the default partition
and is found all the same.
"""

import django.core.serializers.json
import django.db.models.deletion
from django.conf import settings
from django.db import migrations, models

CREATE = """
CREATE TABLE telemetry_requestevent (
    id uuid NOT NULL,
    at timestamptz NOT NULL,
    client_request_id varchar(64) NOT NULL DEFAULT '',
    team_id uuid,
    user_id uuid,
    api_key_id uuid,
    route varchar(60) NOT NULL,
    endpoint_id uuid,
    revision_id uuid,
    model_version_id uuid,
    model varchar(170) NOT NULL DEFAULT '',
    prompt_version_id uuid,
    surface varchar(20) NOT NULL,
    stream boolean NOT NULL,
    status smallint NOT NULL CHECK (status >= 0),
    outcome varchar(20) NOT NULL,
    error text NOT NULL DEFAULT '',
    prompt_tokens integer NOT NULL CHECK (prompt_tokens >= 0),
    completion_tokens integer NOT NULL CHECK (completion_tokens >= 0),
    tokens_estimated boolean NOT NULL,
    latency_ms double precision NOT NULL,
    first_token_ms double precision,
    cost_usd numeric(16, 9) NOT NULL,
    decisions jsonb NOT NULL DEFAULT '[]',
    content jsonb,
    PRIMARY KEY (at, id)
) PARTITION BY RANGE (at);
CREATE TABLE telemetry_requestevent_default PARTITION OF telemetry_requestevent DEFAULT;
CREATE INDEX event_by_id ON telemetry_requestevent (id);
CREATE INDEX event_by_team ON telemetry_requestevent (team_id, at DESC, id DESC);
CREATE INDEX event_by_user ON telemetry_requestevent (user_id, at DESC, id DESC);
CREATE INDEX event_by_endpoint ON telemetry_requestevent (endpoint_id, at DESC);
CREATE INDEX event_by_client_id ON telemetry_requestevent (client_request_id) WHERE client_request_id <> '';
"""


class Migration(migrations.Migration):
    dependencies = [("telemetry", "0001_initial"), ("accounts", "0001_initial")]

    operations = [
        migrations.SeparateDatabaseAndState(
            database_operations=[migrations.RunSQL(CREATE, "DROP TABLE telemetry_requestevent")],
            state_operations=[
                migrations.CreateModel(
                    name="RequestEvent",
                    fields=[
                        (
                            "pk",
                            models.CompositePrimaryKey(
                                "at", "id", blank=True, editable=False, primary_key=True, serialize=False
                            ),
                        ),
                        ("id", models.UUIDField(help_text="The request's id, made by the gateway.")),
                        ("at", models.DateTimeField(help_text="When it arrived, to the millisecond.")),
                        (
                            "client_request_id",
                            models.CharField(
                                blank=True, help_text="The caller's own id, if it sent one.", max_length=64
                            ),
                        ),
                        ("api_key_id", models.UUIDField(null=True)),
                        ("route", models.CharField(max_length=60)),
                        ("endpoint_id", models.UUIDField(null=True)),
                        ("revision_id", models.UUIDField(null=True)),
                        ("model_version_id", models.UUIDField(null=True)),
                        (
                            "model",
                            models.CharField(
                                blank=True,
                                help_text="Name and version of the model, as they were then.",
                                max_length=170,
                            ),
                        ),
                        ("prompt_version_id", models.UUIDField(null=True)),
                        (
                            "surface",
                            models.CharField(
                                choices=[
                                    ("serve", "Portal API"),
                                    ("openai", "OpenAI-compatible"),
                                    ("proxy", "Completion proxy"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("stream", models.BooleanField(default=False)),
                        (
                            "status",
                            models.PositiveSmallIntegerField(
                                help_text="HTTP status of the answer; 499 where nobody waited for one."
                            ),
                        ),
                        (
                            "outcome",
                            models.CharField(
                                choices=[
                                    ("ok", "Answered"),
                                    ("refused", "Refused"),
                                    ("upstream_error", "Upstream failed"),
                                    ("cut", "Cut off"),
                                    ("client_gone", "Caller went away"),
                                ],
                                max_length=20,
                            ),
                        ),
                        ("error", models.TextField(blank=True)),
                        ("prompt_tokens", models.PositiveIntegerField(default=0)),
                        ("completion_tokens", models.PositiveIntegerField(default=0)),
                        (
                            "tokens_estimated",
                            models.BooleanField(
                                default=False, help_text="The upstream did not say; counted from what passed."
                            ),
                        ),
                        ("latency_ms", models.FloatField(default=0)),
                        (
                            "first_token_ms",
                            models.FloatField(
                                help_text="Until the first byte of the answer; of streams only.", null=True
                            ),
                        ),
                        ("cost_usd", models.DecimalField(decimal_places=9, default=0, max_digits=16)),
                        (
                            "decisions",
                            models.JSONField(
                                default=list,
                                encoder=django.core.serializers.json.DjangoJSONEncoder,
                                help_text="What was decided on the way.",
                            ),
                        ),
                        (
                            "content",
                            models.JSONField(help_text="Messages and answer, where the policy keeps them.", null=True),
                        ),
                        (
                            "team",
                            models.ForeignKey(
                                db_constraint=False,
                                help_text="That owns the route.",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to="accounts.team",
                            ),
                        ),
                        (
                            "user",
                            models.ForeignKey(
                                db_constraint=False,
                                help_text="Who called.",
                                null=True,
                                on_delete=django.db.models.deletion.DO_NOTHING,
                                related_name="+",
                                to=settings.AUTH_USER_MODEL,
                            ),
                        ),
                    ],
                    options={
                        "ordering": ["-at", "-id"],
                    },
                ),
            ],
        )
    ]
