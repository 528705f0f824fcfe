"""A partner's statements as files."""

from tests.api.isolation.world import World

from .conftest import PartnerOf

ME = "/v1/admin/affiliate-me"


def test_a_statement_is_saved_as_rest_answers_it(world: World, partner_of: PartnerOf) -> None:
    rest, ada, statement_id = world.callers["ada"], partner_of("ada"), world.ids["statement_id"]
    page = f"/portal/{world.ids['program_id']}/statements/{statement_id}"
    shown = ada.get(page).text
    for form, accept in (("csv", "text/csv"), ("json", "application/json"), ("html", "text/html")):
        assert f'href="{page}/file?form={form}"' in shown
        saved = ada.get(f"{page}/file", form=form)
        same = rest.call("GET", f"{ME}/statements/{statement_id}", {"Accept": accept})
        assert (saved.status_code, saved.text) == (200, same.text)
        named = saved.headers["Content-Disposition"]
        assert named.startswith(f'attachment; filename="{statement_id}-')
        assert named.endswith(f'.{form}"')
    assert ada.get(f"{page}/file", form="exe").status_code == 400
    assert partner_of("ben").get(f"{page}/file").status_code == 404
