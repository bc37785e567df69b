import pytest

from tests.notetaking.conftest import bots, model, running, running_model, stage
from tests.notetaking.stage import Stage
from tests.privacy.story import Story
from tests.simulators.llm.driver import Driver as ModelDriver
from tests.web.console.conftest import connect, own_data_dir, rested_provider, zoom
from tests.web.console.paper_zoom import PaperZoom

__all__ = ["bots", "model", "own_data_dir", "rested_provider", "running", "running_model", "stage", "zoom"]


@pytest.fixture
def story(stage: Stage, model: ModelDriver, zoom: PaperZoom) -> Story:
    """A lead of whom everything is stored that can be, and a week later."""
    connect(stage.owner)
    told = Story(stage, zoom)
    told.tell()
    stage.pass_by(days=7)
    return told
