"""Makes the assertions of the contract suite explain themselves; no deadlines on a busy machine."""

import hypothesis
import pytest

pytest.register_assert_rewrite("tests.runners.contract")
hypothesis.settings.register_profile("no deadline", deadline=None)
hypothesis.settings.load_profile("no deadline")
