"""pyarrow's compute kernels and arrays under plain types.

The stubs give each kernel dozens of overloads by array type; a column's type is known
only at run time here, so one name for «any array» and an untyped kernel module serve.
"""

from typing import Any, TypeAlias

import pyarrow as pa
import pyarrow.compute

Array: TypeAlias = Any
pc: Any = pyarrow.compute
arrow: Any = pa
