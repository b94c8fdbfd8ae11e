"""Personal data in text: found by form and check digits, shown masked only. Names and addresses are not looked for."""

from apps.datasets.pii.finding import Found, find_pii
from apps.datasets.pii.kinds import PiiKind
from apps.datasets.pii.masking import mask_pii, masked_sample

__all__ = ["Found", "PiiKind", "find_pii", "mask_pii", "masked_sample"]
