"""An evidence pack where nothing of ours is: the models of OSCAL read it, and one file checks it."""

from __future__ import annotations

import subprocess
from pathlib import Path

import pytest

from tests.live.environments import outside
from tests.reports.evidence.support import decided, log, office, pack
from tests.reviews.support import Lab

pytestmark = [pytest.mark.live, pytest.mark.xdist_group("evidence")]

READ_OSCAL = """
import sys
from pathlib import Path
from trestle.oscal.assessment_results import AssessmentResults
found = AssessmentResults.oscal_read(Path(sys.argv[1]))
print(len(found.results[0].observations), len(found.results[0].findings))
"""


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> tuple[Lab, Path]:
    root = tmp_path_factory.mktemp("live-evidence")
    found = decided(office(root / "project"))
    pack(found, root / "pack")
    return found, root / "pack"


def ran(*command: object, cwd: Path) -> subprocess.CompletedProcess[str]:
    words = [str(word) for word in command]
    return subprocess.run(
        words, cwd=cwd, capture_output=True, text=True, env=outside(), timeout=240, check=False
    )


def test_the_models_of_oscal_read_the_assessment_results(
    made: tuple[Lab, Path], trestle: Path, tmp_path: Path
):
    """compliance-trestle's are generated from NIST's metaschema, and refuse what it does not know."""
    results = made[1] / "assessment-results.oscal.json"
    done = ran(trestle / "python", "-c", READ_OSCAL, results, cwd=tmp_path)
    assert done.returncode == 0, done.stderr[-2000:]
    observations, findings = map(int, done.stdout.split())
    assert observations > findings > 0
    broken = tmp_path / "broken.json"
    broken.write_text(results.read_text().replace('"not-satisfied"', '"not quite"'))
    assert ran(trestle / "python", "-c", READ_OSCAL, broken, cwd=tmp_path).returncode != 0


def test_the_file_alone_checks_a_pack_in_a_new_environment(
    made: tuple[Lab, Path], cryptography_alone: Path, tmp_path: Path
):
    found, folder = made
    words = (cryptography_alone / "python", "-I", folder / "verify.py", folder)
    held = ran(*words, "--key", log(found).keys.public_path, cwd=tmp_path)
    assert (held.returncode, held.stderr) == (0, "")
    (folder / "missing.json").write_text("[]")
    changed = ran(*words, "--key", log(found).keys.public_path, cwd=tmp_path)
    assert changed.returncode == 1
    assert "x missing.json: missing.json is not what was signed" in changed.stdout
