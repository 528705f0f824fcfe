"""The doctor's page: each merchant sees its own findings, the operator's owners also those about the machine."""

from app import db
from app.organizations.models import Organization
from tests.cast import Merchant, open_merchant
from tests.doctor.conftest import Installation

from .conftest import VisitorOf

PAGE = "/console/settings/doctor"


def test_the_page_runs_no_check_before_it_is_asked(installation: Installation, visitor_of: VisitorOf) -> None:
    owner = visitor_of()
    installation.at_stripe.is_disabled = True
    before = owner.browser.get(PAGE).text
    assert ("up to 20 seconds" in before, "finding" in before) == (True, False)
    assert "has disabled" in owner.finds(PAGE, PAGE)


def test_only_owners_of_the_operator_see_findings_about_the_machine(
    installation: Installation, visitor_of: VisitorOf, merchant: Merchant
) -> None:
    installation.change(disk_free_mb=10**12, backup_dir=None)
    with installation.endpoint() as endpoint:
        endpoint.is_default = True
    with db.transaction() as session:
        another = open_merchant(session, "Another")
    assert "ACCRUAL_DISK_FREE_MB" in visitor_of().finds(PAGE, PAGE)
    for visitor in (visitor_of("manager"), visitor_of("viewer")):
        assert "No check found a fault." in visitor.finds(PAGE, PAGE)
    found = visitor_of(of=another).finds(PAGE, PAGE)
    assert "has no webhook endpoint" in found
    assert "1 finding" in found
    assert installation.endpoint_id not in found


def test_without_a_default_endpoint_no_organization_is_the_operator(
    installation: Installation, visitor_of: VisitorOf
) -> None:
    installation.change(disk_free_mb=10**12)
    assert "No check found a fault." in visitor_of().finds(PAGE, PAGE)


def test_an_organization_above_the_default_endpoint_is_the_operator(
    installation: Installation, visitor_of: VisitorOf, merchant: Merchant
) -> None:
    with db.transaction() as session:
        mother = open_merchant(session, "Mother")
        session.get_one(Organization, merchant.organization_id).parent_id = mother.organization_id
    with installation.endpoint() as endpoint:
        endpoint.is_default = True
    installation.change(disk_free_mb=10**12)
    assert "ACCRUAL_DISK_FREE_MB" not in visitor_of().finds(PAGE, PAGE)
    assert "ACCRUAL_DISK_FREE_MB" in visitor_of(of=mother).finds(PAGE, PAGE)
