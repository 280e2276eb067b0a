/* Texts of many decimals at once; see casts.py. */

#ifndef DECIMAL_TEXTS_H
#define DECIMAL_TEXTS_H

#define PY_SSIZE_T_CLEAN
#ifndef Py_LIMITED_API
#define Py_LIMITED_API 0x030B0000
#endif
#include <Python.h>

void make_pairs(void);
PyObject *method_decimals(PyObject *module, PyObject *args);

#endif
