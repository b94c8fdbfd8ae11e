"""The kinds of personal data that are looked for."""

from django.db.models import TextChoices


class PiiKind(TextChoices):
    EMAIL = "email", "E-mail address"
    PHONE = "phone", "Phone number"
    RESIDENT_REGISTRATION_NUMBER = "resident_registration_number", "Resident registration number"
    CREDIT_CARD = "credit_card", "Payment card number"
    IBAN = "iban", "Bank account (IBAN)"
