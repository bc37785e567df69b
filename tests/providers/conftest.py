from tests.zoom import provider, simulator, zoom

__all__ = ["provider", "simulator", "zoom"]
