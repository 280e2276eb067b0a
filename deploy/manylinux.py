"""Which glibc a wheel's compiled modules need, and so which tag it may carry. Pure.

PyPI takes no wheel of the tag linux_x86_64: it says nothing of where it runs. A tag such as
manylinux_2_17 says that glibc 2.17 and newer has all that is asked for, and no other library is
(PEP 600).
"""

import platform
import re

FLOOR = (2, 17)
"""glibc of the wheel's tag: that of CentOS 7 and all that came since."""
BELONG = frozenset({b"libc.so.6", b"libm.so.6", b"libpthread.so.0"})
"""Libraries that each such system has."""
_VERSION = re.compile(rb"\0GLIBC_(\d+)\.(\d+)")
_LIBRARY = re.compile(rb"\0((?:lib|ld-linux)[\w.+-]*\.so(?:\.\d+)*)(?=\0)")
_ELF = b"\x7fELF"


def tag(system: str, libc: str, machine: str) -> str:
    """The platform's part of the wheel's name; empty: as setuptools says.

    >>> tag("Linux", "glibc", "x86_64"), tag("Darwin", "", "arm64")
    ('manylinux_2_17_x86_64', '')
    """
    if (system, libc) != ("Linux", "glibc"):
        return ""
    return f"manylinux_{FLOOR[0]}_{FLOOR[1]}_{machine}"


def tag_here() -> str:
    """The same of this machine."""
    return tag(platform.system(), platform.libc_ver()[0], platform.machine())


def faults(name: str, module: bytes) -> list[str]:
    r"""Why a compiled module doesn't run wherever the tag says it does.

    Whatever names a version or a library is taken for one that it needs.

    >>> faults("a.so", b"\x7fELF\0libc.so.6\0GLIBC_2.14\0")
    []
    >>> faults("a.so", b"\x7fELF\0libz.so.1\0GLIBC_2.34\0")
    ['a.so needs glibc 2.34', 'a.so needs libz.so.1']
    >>> faults("a.so", b"MZ")
    ['a.so is no module of Linux']
    """
    if not module.startswith(_ELF):
        return [f"{name} is no module of Linux"]
    needed = max(((int(a), int(b)) for a, b in _VERSION.findall(module)), default=(0, 0))
    found = [f"{name} needs glibc {needed[0]}.{needed[1]}"] if needed > FLOOR else []
    others = sorted(
        {library.decode() for library in _LIBRARY.findall(module) if library not in BELONG}
    )
    return found + [f"{name} needs {library}" for library in others]
