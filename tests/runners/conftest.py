"""Makes the assertions of the contract suite, which is no test module by name, explain themselves."""

import pytest

pytest.register_assert_rewrite("tests.runners.contract")
