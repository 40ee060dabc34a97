"""Tests as they will run on another day: ``python -m tests.another_day 2027-09-05T00:30 Asia/Ho_Chi_Minh tests/unit``.

A fixture with a date in it is a time bomb, and a rule that forgets a year's end is a fault; both are found today. Only the calendar is
moved, files' times with it: waits go by the machine's other clock. (libfaketime moves that too, and Python's sleep with it.) SQLite only, for a server of
PostgreSQL keeps today's time. Needs Linux and a C compiler.
"""

from __future__ import annotations

import math
import os
import subprocess
import sys
import tempfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

_SHIM = r"""
#define _GNU_SOURCE
#include <fcntl.h>
#include <stdlib.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <time.h>
#include <unistd.h>
static long later(void) {
  static long seconds; static int known;
  if (!known) { const char *said = getenv("SECONDS_LATER"); seconds = said ? atol(said) : 0; known = 1; }
  return seconds;
}
int clock_gettime(clockid_t clock, struct timespec *at) {
  int failed = syscall(SYS_clock_gettime, clock, at);
  if (!failed && (clock == CLOCK_REALTIME || clock == CLOCK_REALTIME_COARSE)) at->tv_sec += later();
  return failed;
}
int gettimeofday(struct timeval *restrict at, void *restrict zone) {
  struct timespec now; clock_gettime(CLOCK_REALTIME, &now);
  (void)zone; at->tv_sec = now.tv_sec; at->tv_usec = now.tv_nsec / 1000;
  return 0;
}
time_t time(time_t *at) {
  struct timespec now; clock_gettime(CLOCK_REALTIME, &now);
  if (at) *at = now.tv_sec;
  return now.tv_sec;
}
int fstatat(int folder, const char *restrict path, struct stat *restrict found, int flags) {
  int failed = syscall(SYS_newfstatat, folder, path, found, flags);
  if (!failed) { found->st_atime += later(); found->st_mtime += later(); found->st_ctime += later(); }
  return failed;
}
int stat(const char *restrict path, struct stat *restrict found) { return fstatat(AT_FDCWD, path, found, 0); }
int lstat(const char *restrict path, struct stat *restrict found) { return fstatat(AT_FDCWD, path, found, AT_SYMLINK_NOFOLLOW); }
int fstat(int file, struct stat *found) { return fstatat(file, "", found, AT_EMPTY_PATH); }
int fstatat64(int, const char *, struct stat64 *, int) __attribute__((alias("fstatat")));
int stat64(const char *, struct stat64 *) __attribute__((alias("stat")));
int lstat64(const char *, struct stat64 *) __attribute__((alias("lstat")));
int fstat64(int, struct stat64 *) __attribute__((alias("fstat")));
static int set_times(int folder, const char *path, const struct timespec *given, int flags) {
  struct timespec times[2];
  for (int which = 0; given && which < 2; which++) {
    times[which] = given[which];
    if (given[which].tv_nsec != UTIME_NOW && given[which].tv_nsec != UTIME_OMIT) times[which].tv_sec -= later();
  }
  return syscall(SYS_utimensat, folder, path, given ? times : 0, flags);
}
int utimensat(int folder, const char *path, const struct timespec given[2], int flags) {
  return set_times(folder, path, given, flags);
}
int futimens(int file, const struct timespec given[2]) { return set_times(file, 0, given, 0); }
"""


def main(day: str, zone: str, *arguments: str) -> int:
    """Run pytest at that moment.

    Args:
        day: ISO date and time, local to ``zone``; the tests begin then.
        zone: the machine's time zone.
        arguments: for pytest.

    Returns:
        Its exit code.
    """
    begins = datetime.fromisoformat(day).replace(tzinfo=ZoneInfo(zone))
    with tempfile.TemporaryDirectory() as folder:
        source, shim = Path(folder, "later.c"), Path(folder, "later.so")
        source.write_text(_SHIM, encoding="ascii")
        subprocess.run(["cc", "-shared", "-fPIC", "-O1", "-o", str(shim), str(source)], check=True)
        moved = {
            "LD_PRELOAD": str(shim),
            "SECONDS_LATER": str(math.ceil(begins.timestamp() - datetime.now().timestamp())),
        }
        environment = {**os.environ, **moved, "TZ": zone, "HOCBA_TEST_POSTGRES_URL": ""}
        return subprocess.run(
            [sys.executable, "-m", "pytest", "-q", *arguments], env=environment, check=False
        ).returncode


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
