/* SHA-256 of many values at once; see masks.py. */

#ifndef SHA256_H
#define SHA256_H

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

PyObject *method_sha256(PyObject *module, PyObject *args);

#endif
