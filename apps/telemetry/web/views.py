"""Pages of telemetry: requests through the gateway, and one of them."""

import json
from datetime import datetime, timedelta
from uuid import UUID

from django.http import HttpResponse
from django.shortcuts import render
from django.utils import timezone

from apps.accounts.permissions import Permission
from apps.core.web.charts import Chart, Series
from apps.core.web.formats import in_short, in_time
from apps.core.web.pages import needs
from apps.core.web.requests import HtmxHttpRequest
from apps.telemetry.selectors import Hour, filtered_events, requests_by_hour, traffic
from apps.telemetry.services import read_event
from apps.telemetry.web.forms import RequestFilters
from apps.telemetry.web.pages import events_list

WINDOW = timedelta(hours=24)


@needs(Permission.READ)
def requests(request: HtmxHttpRequest) -> HttpResponse:
    """Requests that the person may see, and what those of the last day add up to; filters and page are in the URL."""
    filters = RequestFilters(request.GET, actor=request.user)
    rows = filtered_events(actor=request.user, asked=filters.asked)
    now = timezone.now()
    recent = rows.filter(at__gte=now - WINDOW)
    summed = traffic(recent)
    context = {
        "filters": filters,
        "page": events_list(request, rows),
        "traffic": summed,
        "median": in_time(summed.p50_ms / 1000) if summed.p50_ms is not None else "none",
        "slowest": f"95 % within {in_time(summed.p95_ms / 1000)}" if summed.p95_ms is not None else "",
        "tokens": f"{in_short(summed.prompt_tokens)} + {in_short(summed.completion_tokens)}",
        "chart": _chart(requests_by_hour(recent), now),
    }
    return render(request, "telemetry/requests.html", context)


@needs(Permission.READ)
def request_detail(request: HtmxHttpRequest, request_id: UUID) -> HttpResponse:
    """One request: what was decided, what it took, and where the chain behind its answer is."""
    event = read_event(actor=request.user, request_id=str(request_id))
    context = {
        "event": event,
        "first_token": f"first token after {in_time(event.first_token_ms / 1000)}" if event.first_token_ms else "",
        "rate": f"{event.tokens_per_s:.0f} a second" if event.tokens_per_s else "",
        "content": json.dumps(event.content, indent=2, ensure_ascii=False) if event.content else "",
    }
    return render(request, "telemetry/request.html", context)


def _chart(hours: list[Hour], now: datetime) -> Chart | None:
    if not hours:
        return None
    by_hour = {hour.begins_at: hour for hour in hours}
    last = now.replace(minute=0, second=0, microsecond=0)
    begins = [last - timedelta(hours=ago) for ago in range(23, -1, -1)]
    none = Hour(last, 0, 0, 0)
    shown = [by_hour.get(begin, none) for begin in begins]
    return Chart(
        title="Requests per hour, last 24 hours",
        labels=[f"{begin:%H:%M}" for begin in begins],
        series=[
            Series(name="Answered", values=[hour.answered for hour in shown]),
            Series(name="Refused", values=[hour.refused for hour in shown]),
            Series(name="Failed", values=[hour.failed for hour in shown]),
        ],
        x="Hour (UTC)",
        y="Requests",
        kind="bar",
        stacked=True,
    )
