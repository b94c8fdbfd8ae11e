"""Forms of the datasets' pages. They read; the services decide."""

from typing import Any

from django import forms

from apps.accounts.models import User
from apps.accounts.owners import OwnerForm
from apps.accounts.selectors import visible_teams
from apps.datasets.models import DatasetVersion
from apps.datasets.states import DatasetStatus, PiiStatus

ANY = ("", "Any")


class DatasetFilter(forms.Form):
    q = forms.CharField(label="Search datasets", required=False, max_length=200)
    type = forms.ChoiceField(choices=[ANY, *DatasetVersion.Type.choices], required=False)
    status = forms.ChoiceField(choices=[ANY, *DatasetStatus.choices], required=False)
    pii_status = forms.ChoiceField(label="Personal data", choices=[ANY, *PiiStatus.choices], required=False)
    min_quality_score = forms.FloatField(label="Quality from", required=False, min_value=0, max_value=100)
    owner_team = forms.ChoiceField(label="Team", required=False)

    def __init__(self, *args: Any, actor: User, **kwargs: Any) -> None:
        super().__init__(*args, **kwargs)
        teams = visible_teams(actor=actor).values_list("slug", "name")
        self.fields["owner_team"].choices = [ANY, *teams]  # type: ignore[attr-defined]  # it is a ChoiceField


class DatasetEditForm(forms.Form):
    """What can be changed of a version. What its state has frozen is refused by the service."""

    license = forms.CharField(
        label="Licence", max_length=80, required=False, help_text="SPDX identifier, such as Apache-2.0."
    )
    description = forms.CharField(max_length=5000, required=False, widget=forms.Textarea(attrs={"rows": 3}))
    tags = forms.CharField(required=False, help_text="Separated by commas.")

    def clean_tags(self) -> list[str]:
        return [tag for part in self.cleaned_data["tags"].split(",") if (tag := part.strip())]


class DatasetForm(OwnerForm, DatasetEditForm):
    """What can be said of a version when it is registered."""

    name = forms.CharField(max_length=120, help_text="All versions of a dataset share it.")
    version = forms.CharField(max_length=40, required=False, help_text="Left out: the next number.")
    type = forms.ChoiceField(choices=DatasetVersion.Type.choices, help_text="Decides which columns its rows must have.")

    field_order = ("owner_team", "project", "name", "version", "type", "license", "description", "tags")


class CleanForm(forms.Form):
    version = forms.CharField(max_length=40, required=False, help_text="Of the new one. Left out: the next number.")
    drop_duplicates = forms.BooleanField(
        required=False, initial=True, help_text="Rows that differ in case, spacing and punctuation only count too."
    )
    pii = forms.ChoiceField(
        label="Personal data",
        choices=[
            ("mask", "Mask it: [EMAIL], [PHONE] and so on"),
            ("drop_rows", "Drop the rows that hold it"),
            ("keep", "Keep it"),
        ],
        widget=forms.RadioSelect,
        initial="mask",
    )


class ReasonForm(forms.Form):
    status = forms.ChoiceField(choices=DatasetStatus.choices)
    reason = forms.CharField(max_length=2000)
