"""The page in another language in a real browser: the reader's own zone in its words, and a choice that stays."""

from __future__ import annotations

import pytest
from playwright.sync_api import Browser

from incidents.kernel.database import db
from incidents.published.page_settings import change_page_settings
from tests.browser.conftest import Served
from tests.factories_published import make_update


@pytest.mark.parametrize("database_url", ["sqlite"], indirect=True)
def test_times_stand_in_the_readers_zone_in_the_words_of_the_language(served: Served, browser: Browser) -> None:
    change_page_settings(name="AI Perception", zone="Europe/Berlin")
    make_update(1, title="Uploads are slow")
    db.session.commit()
    served.page_now()
    page = browser.new_context(timezone_id="America/New_York", locale="fr-FR").new_page()

    page.goto(served.address + "/")
    page.get_by_text("As of 21:14 EST (02:14 UTC), Sun 22 Nov.").wait_for()
    page.get_by_role("link", name="Deutsch").click()
    page.get_by_text("Stand So, 22. Nov., 21:14 EST (02:14 UTC).").wait_for()
    page.get_by_text("Zeiten in Ihrer Zeitzone und in UTC.").wait_for()
    page.get_by_role("link", name="Uploads are slow").click()
    page.wait_for_url("**?lang=de")
    page.get_by_role("link", name="Zurück zum aktuellen Status").click()
    page.get_by_role("link", name="日本語").click()
    page.get_by_text("11月22日(日) 21:14 EST (02:14 UTC)現在。").wait_for()
    page.context.close()
