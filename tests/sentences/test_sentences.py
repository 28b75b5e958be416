"""Every message that a corpus provokes is true in each of its numbers.

COSTTOP_SENTENCES=2000 asks for so many messages; the suite reads some hundred.
"""

import os
from itertools import count

from benches import honest
from benches.generator import corpus

from costtop.alerts import wording
from costtop.alerts.choose import choose
from costtop.detect.monitor import Monitor
from costtop.detect.settings import Settings
from tests.sentences.checked import Known, contradictions

WANTED = int(os.environ.get("COSTTOP_SENTENCES", "150"))


def histories():
    """Seeded histories, without end: companies in which things go wrong, and honest people."""
    for seed in count(300):
        yield [event.spend for event in corpus(seed, days=8, bad=0.15).events]
        shape = honest.SHAPES[seed % len(honest.SHAPES)]
        yield honest.history(shape, seed)


def test_no_message_contradicts_itself_or_the_calls():
    read, wrong = 0, []
    for spends in histories():
        monitor, known = Monitor(Settings()), Known(spends)
        for spend in spends:
            for finding in monitor.observe(spend):
                if finding.resolved:
                    continue
                [one] = choose([finding], (), (), finding.at, finding.at)
                said = wording.message(one)
                wrong += [(each, said) for each in contradictions(finding, said, known)]
                read += 1
        if read >= WANTED:
            break
    assert read >= WANTED
    assert wrong == []
