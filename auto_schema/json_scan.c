/* Which of many JSON texts have to be looked at; see json_scan.py, which says what that means.

One pass over their bytes, as they lie in Arrow's buffers, with the interpreter free. A text
that isn't named here is one that every pattern of json_numbers.py and json_round_trip.py
lets pass; one that is named may be harmless.
*/

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "buffer.h"
#include "decimal_texts.h"
#include "sha256.h"

#define SAFE_DIGITS 15     /* significant ones, which a double always gives back */
#define LONG_NUMBER 300    /* digits of a number that may be larger than any double */
#define LOOKED_AT (LONG_NUMBER / 2) /* of a text at once, so that a long number fills one such part */
#define INTEGER_DIGITS 18  /* of an integer that is one of 64 bits */
#define POINT_DIGITS 12    /* before a point, and so many behind it, are printed as they are */
#define POINT_PLACES 3
#define MAX_DEPTH 500
#define BLOCK 64
#define AHEAD SAFE_DIGITS
#define IN_NUMBER(byte) ((uint8_t)((byte) - '.') < 12) /* digits and a point; a slash, too */

typedef struct { const uint8_t *at, *end; } Text;

static bool is_digit(uint8_t byte) { return byte >= '0' && byte <= '9'; }
static bool is_power(uint8_t byte) { return (byte | 32) == 'e'; }

/* Whether a number may begin here: behind a minus, and what stands between values, if any. */
static bool begins(const uint8_t *text, const uint8_t *at) {
  if (at > text && at[-1] == '-') at--;
  if (at == text) return true;
  switch (at[-1]) {
    case ':': case '[': case ',': case ' ': case '\t': case '\n': case '\f': case '\r': return true;
    default: return false;
  }
}

static const uint8_t *behind_digits(const uint8_t *at, const uint8_t *end) {
  while (at < end && is_digit(*at)) at++;
  return at;
}

/* Whether a number that begins here may change as a double. */
static bool may_change(const uint8_t *at, const uint8_t *end) {
  const uint8_t *whole = behind_digits(at, end), *last = whole;
  if (whole < end && *whole == '.') last = behind_digits(whole + 1, end);
  if (last < end && is_power(*last)) return true;
  if (last - at <= SAFE_DIGITS) return false;
  if (last - at >= LONG_NUMBER) return true;
  for (at += SAFE_DIGITS; at < last; at++)
    if (*at != '0' && *at != '.') return true;
  return false;
}

/* Whether a number that begins here may be printed with other digits. */
static bool may_be_printed_otherwise(const uint8_t *at, const uint8_t *end) {
  const uint8_t *whole = behind_digits(at, end);
  if (whole - at > INTEGER_DIGITS) return true;
  if (whole == end) return false;
  if (is_power(*whole)) return true;
  if (*whole != '.') return false;
  const uint8_t *last = behind_digits(whole + 1, end);
  if (whole - at > POINT_DIGITS || last - whole - 1 > POINT_PLACES) return true;
  return last < end && is_power(*last);
}

/* Half of a pair that stands for one character. */
static bool is_surrogate(const uint8_t *at, const uint8_t *end) {
  if (end - at < 4 || at[1] != 'u' || (at[2] | 32) != 'd') return false;
  uint8_t digit = at[3] | 32;
  return digit == '8' || digit == '9' || (digit >= 'a' && digit <= 'f');
}

/* Whether nothing that begins in these bytes makes a text doubtful, but its length. It reads
   AHEAD bytes more, may find what is none, and is made of what takes many bytes at once. */
static bool is_quiet(const uint8_t *at, bool is_exact) {
  uint8_t places = is_exact ? '.' : '\\', any = is_exact, found = 0;
  for (int i = 0; i < BLOCK; i++) {
    uint8_t is_escape = at[i] == '\\';
    uint8_t is_powered = ((uint8_t)(at[i] - '0') < 10) & ((at[i + 1] | 32) == 'e');
    uint8_t is_long = IN_NUMBER(at[i]) & IN_NUMBER(at[i + 4]) & IN_NUMBER(at[i + 8]) & IN_NUMBER(at[i + POINT_DIGITS + 1]);
    uint8_t is_nonzero = (uint8_t)(at[i + SAFE_DIGITS] - '1') < 9;
    uint8_t is_fine = (at[i] == places) & IN_NUMBER(at[i + POINT_PLACES + 1]);
    found |= is_escape | is_powered | (is_long & (any | is_nonzero)) | is_fine;
  }
  return !found;
}

/* Whether a number or an escape makes a text doubtful. */
static bool is_doubtful(Text text, bool is_exact) {
  for (const uint8_t *at = text.at; at < text.end; at++) {
    if (*at == '\\' && is_surrogate(at, text.end)) return true;
    if (!is_digit(*at) || !begins(text.at, at)) continue;
    if ((is_exact ? may_be_printed_otherwise : may_change)(at, text.end)) return true;
    at = behind_digits(at, text.end) - 1;
  }
  return false;
}

/* Whether a number may be so long that zeros count, or brackets too deep in each other: each
   one that opens needs one that closes. */
static bool may_be_too_much(Text text) {
  for (const uint8_t *at = text.at; text.end - at >= LOOKED_AT; at += LOOKED_AT) {
    int count = 0;
    while (count < LOOKED_AT && IN_NUMBER(at[count])) count++;
    if (count == LOOKED_AT) return true;
  }
  if (text.end - text.at <= 2 * MAX_DEPTH) return false;
  int brackets = 0;
  for (const uint8_t *at = text.at; at < text.end; at++) brackets += (*at == '[') | (*at == '{');
  return brackets > MAX_DEPTH;
}

typedef enum { GOOD, NO_MEMORY, OUTSIDE } Outcome;

static Outcome find(Buffer *found, const Py_buffer *data, const int32_t *offsets, int64_t count, bool is_exact) {
  const uint8_t *bytes = data->buf;
  Py_ssize_t quiet = 0; /* what lies before needn't be looked at */
  for (int64_t row = 0; row < count; row++) {
    int32_t start = offsets[row], end = offsets[row + 1];
    if (start < 0 || end < start || end > data->len) return OUTSIDE;
    if (quiet < start) quiet = start;
    while (quiet < end && data->len - quiet >= BLOCK + AHEAD && is_quiet(bytes + quiet, is_exact)) quiet += BLOCK;
    Text text = {bytes + start, bytes + end};
    bool is_named = (quiet < end && is_doubtful(text, is_exact)) || may_be_too_much(text);
    if (quiet < end) quiet = end;
    if (is_named && !add(found, &row, sizeof row)) return NO_MEMORY;
  }
  return GOOD;
}

static PyObject *list_of(const Buffer *found) {
  Py_ssize_t count = (Py_ssize_t)(found->used / sizeof(int64_t));
  PyObject *list = PyList_New(count);
  for (Py_ssize_t i = 0; list && i < count; i++) {
    int64_t row;
    memcpy(&row, found->at + (size_t)i * sizeof row, sizeof row);
    PyObject *number = PyLong_FromLongLong(row);
    if (!number || PyList_SetItem(list, i, number)) Py_CLEAR(list);
  }
  return list;
}

/* doubtful(data, offsets, first, count, is_exact) → the rows, counted from the first. */
static PyObject *method_doubtful(PyObject *Py_UNUSED(module), PyObject *args) {
  PyObject *texts, *places, *list = NULL;
  Py_buffer data, offsets;
  long long first, count;
  int is_exact;
  if (!PyArg_ParseTuple(args, "OOLLp", &texts, &places, &first, &count, &is_exact)) return NULL;
  if (PyObject_GetBuffer(texts, &data, PyBUF_SIMPLE)) return NULL;
  if (!PyObject_GetBuffer(places, &offsets, PyBUF_SIMPLE)) {
    Buffer found = {0};
    Outcome outcome = OUTSIDE;
    long long last = (long long)(offsets.len / (Py_ssize_t)sizeof(int32_t)) - 1;
    Py_BEGIN_ALLOW_THREADS
    if (first >= 0 && count >= 0 && first <= last && count <= last - first)
      outcome = find(&found, &data, (const int32_t *)offsets.buf + first, count, is_exact);
    Py_END_ALLOW_THREADS
    if (outcome == GOOD) list = list_of(&found);
    else if (outcome == NO_MEMORY) PyErr_NoMemory();
    else PyErr_SetString(PyExc_ValueError, "texts that lie outside of their bytes");
    drop(&found);
    PyBuffer_Release(&offsets);
  }
  PyBuffer_Release(&data);
  return list;
}

static PyMethodDef METHODS[] = {{"doubtful", method_doubtful, METH_VARARGS, NULL},
                                {"sha256", method_sha256, METH_VARARGS, NULL},
                                {"decimals", method_decimals, METH_VARARGS, NULL},
                                {0}};
static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "compiled", .m_methods = METHODS};

PyMODINIT_FUNC PyInit_compiled(void) {
  make_pairs();
  return PyModule_Create(&MODULE);
}
