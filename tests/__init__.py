import pytest

# Its checks are assertions, and say as much as those of a test when they fail.
pytest.register_assert_rewrite("tests.demo")
