"""Named profiles as files: what a charge should look like, before it has a transaction.

The `*.toml` files beside this module are shipped; an operator's folder has the same form.
"""

from pathlib import Path

from profiles.catalogue.advice import advise
from profiles.catalogue.loader import CatalogueError, CatalogueFinding, load_catalogue
from profiles.catalogue.schema import CataloguePeriod, CatalogueProfile, Tolerance

SHIPPED = Path(__file__).parent
"""The folder of the shipped profiles, for `load_catalogue`."""

__all__ = [
    "SHIPPED",
    "CatalogueError",
    "CatalogueFinding",
    "CataloguePeriod",
    "CatalogueProfile",
    "Tolerance",
    "advise",
    "load_catalogue",
]
