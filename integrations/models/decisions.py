"""The decisions of people about held runs: one row for each answer."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, ClassVar, Self

from django.conf import settings
from django.db import models
from django.db.models import Q
from django.utils import timezone

from integrations.models.enums import Question

if TYPE_CHECKING:
    from integrations.models.runs import SyncRun


LONGEST_ANSWER = 120


@dataclass(frozen=True)
class Answer:
    """The choice that a person took, e.g. "link:58", and the subject of the question when it was shown.

    Without an answer the key is empty.
    """

    key: str = ""
    subject: str = ""

    @property
    def verb(self) -> str:
        return self.key.partition(":")[0]

    @property
    def target(self) -> str:
        """The id that the choice names, "" if it names none."""
        return self.key.partition(":")[2]


class Decisions(Mapping[str, Answer]):
    """The answers of one run that are in force, by question. Needs no database."""

    def __init__(self, answers: Mapping[str, Answer] | None = None) -> None:
        self._answers = dict(answers or {})

    def __getitem__(self, question: str) -> Answer:
        return self._answers[question]

    def __iter__(self) -> Iterator[str]:
        return iter(self._answers)

    def __len__(self) -> int:
        return len(self._answers)

    def to(self, question: Question) -> Answer:
        return self._answers.get(question, Answer())


class RunDecisionQuerySet(models.QuerySet["RunDecision"]):
    def in_force(self) -> Self:
        return self.filter(withdrawn_at=None)

    def withdraw(self) -> int:
        return self.in_force().update(withdrawn_at=timezone.now())

    def withdraw_unbound(self) -> int:
        """Withdraw the answers that were for the last execution only.

        Answers about a plan or a phase entry hold for that subject alone, so they stay in force.
        """
        return self.exclude(question__in=Question.bound_to_subject()).withdraw()

    def as_decisions(self) -> Decisions:
        rows = self.in_force().order_by("pk")
        return Decisions({row.question: Answer(row.answer, row.subject) for row in rows})


class RunDecision(models.Model):
    """A person's answer to one question of one run.

    `answer` is the key of the choice, `subject` what the question was about: the fingerprint of the plan that was
    shown, a phase entry, a merge. An answer is in force until it is withdrawn: replaced by another answer to the same
    question, consumed, or superseded by a new request.
    """

    company_path: ClassVar[str] = "run__company"

    run = models.ForeignKey("integrations.SyncRun", on_delete=models.CASCADE, related_name="decision_rows")
    question = models.CharField(max_length=40, choices=Question)
    answer = models.CharField(max_length=LONGEST_ANSWER)
    subject = models.CharField(max_length=64, blank=True)
    decided_by = models.ForeignKey(
        settings.AUTH_USER_MODEL, null=True, blank=True, on_delete=models.SET_NULL, related_name="+"
    )
    decided_at = models.DateTimeField(default=timezone.now)
    withdrawn_at = models.DateTimeField(null=True, blank=True)

    objects = RunDecisionQuerySet.as_manager()

    class Meta:
        constraints = [
            models.UniqueConstraint(
                fields=["run", "question"], condition=Q(withdrawn_at=None), name="one_answer_in_force"
            )
        ]

    def __str__(self) -> str:
        return f"{self.get_question_display()} {self.answer}"


def record_decisions(run: SyncRun, rows: Iterable[RunDecision]) -> None:
    """Store answers of `run`, in place of those given to the same questions before."""
    for row in rows:
        run.decision_rows.filter(question=row.question).withdraw()
        row.save()
