"""What rules need to know of telephone numbers: form, country, law, lists. No clock, no socket."""

from sidecar.numbers.jurisdiction import Consent, Jurisdiction, Jurisdictions
from sidecar.numbers.number import Number, as_run, read_number
from sidecar.numbers.number_list import FileState, NumberList, changed, load_number_list
from sidecar.numbers.number_set import NumberSet
from sidecar.numbers.plans import COUNTRIES
from sidecar.numbers.written import normal_number

__all__ = [
    "COUNTRIES",
    "Consent",
    "FileState",
    "Jurisdiction",
    "Jurisdictions",
    "Number",
    "NumberList",
    "NumberSet",
    "as_run",
    "changed",
    "load_number_list",
    "normal_number",
    "read_number",
]
