"""What every test has at hand. Fixtures of one area live in that area's own conftest."""

pytest_plugins = ["tests.database", "tests.product", "tests.browser"]
