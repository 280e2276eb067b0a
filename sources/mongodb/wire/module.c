/* What Python calls: bytes and arrays of numbers in and out; the interpreter is free meanwhile.

   None as an answer: the twin in Python is to do it, and tells what is malformed.
*/

#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>

#include "fields.h"
#include "json.h"

#define MOST_VIEWS 5

/* Arguments that are read as they lie in memory. */
typedef struct {
  Py_buffer views[MOST_VIEWS];
  int count;
} Views;

static void release(Views *views) {
  while (views->count) PyBuffer_Release(&views->views[--views->count]);
}

/* The buffers of so many arguments; false with an error set. */
static bool hold(Views *views, PyObject *args, int count) {
  views->count = 0;
  if (PyTuple_Size(args) != count) return PyErr_Format(PyExc_TypeError, "%d arguments are wanted", count);
  for (; views->count < count; views->count++)
    if (PyObject_GetBuffer(PyTuple_GetItem(args, views->count), &views->views[views->count], PyBUF_SIMPLE)) {
      release(views);
      return false;
    }
  return true;
}

static Batch batch_of(const Views *views) { return (Batch){views->views[0].buf, views->views[0].len}; }
static int64_t longs(const Views *views, int at) { return views->views[at].len / (int64_t)sizeof(int64_t); }

/* Whether two arguments are as many numbers; false with an error set. */
static bool are_as_many(int64_t one, int64_t other) {
  if (one != other) PyErr_SetString(PyExc_ValueError, "arrays of different lengths");
  return one == other;
}

static PyObject *none_or_error(Outcome outcome) {
  if (outcome == NO_MEMORY) return PyErr_NoMemory();
  Py_RETURN_NONE;
}

static PyObject *bytes_of(const Buffer *buffer) {
  return PyBytes_FromStringAndSize((const char *)buffer->at, (Py_ssize_t)buffer->used);
}

/* Put a new object into a tuple; whether there is one. */
static bool put(PyObject *tuple, int at, PyObject *object) {
  return object && !PyTuple_SetItem(tuple, at, object);
}

static PyObject *method_documents(PyObject *Py_UNUSED(module), PyObject *args) {
  Views views;
  Buffer starts = {0};
  if (!hold(&views, args, 1)) return NULL;
  Outcome outcome;
  Py_BEGIN_ALLOW_THREADS
  outcome = find_documents(&starts, batch_of(&views));
  Py_END_ALLOW_THREADS
  PyObject *answer = outcome ? none_or_error(outcome) : bytes_of(&starts);
  drop(&starts);
  release(&views);
  return answer;
}

/* An object of so many bytes to be filled; its bytes are `to`. */
static PyObject *empty(int64_t count, int64_t width, void *to) {
  PyObject *bytes = PyBytes_FromStringAndSize(NULL, (Py_ssize_t)(count * width));
  *(char **)to = bytes ? PyBytes_AsString(bytes) : NULL;
  return bytes;
}

static PyObject *list_of_names(Fields *fields) {
  int64_t count = names_of(fields);
  Name *order = calloc((size_t)count + 1, sizeof *order);
  PyObject *names = order ? PyList_New((Py_ssize_t)count) : PyErr_NoMemory();
  if (names) rank_names(fields, order);
  for (int64_t i = 0; names && i < count; i++) {
    PyObject *bytes = PyBytes_FromStringAndSize((const char *)order[i].at, (Py_ssize_t)order[i].size);
    if (!bytes || PyList_SetItem(names, (Py_ssize_t)i, bytes)) Py_CLEAR(names);
  }
  free(order);
  return names;
}

static PyObject *grouped(Fields *fields) {
  int64_t count = (int64_t)fields->types.used, *from, *rows, *starts, *sizes;
  uint8_t *types;
  PyObject *answer = PyTuple_New(6);
  bool is_good = answer && put(answer, 0, list_of_names(fields)) &&
                 put(answer, 1, empty(names_of(fields) + 1, 8, &from)) &&
                 put(answer, 2, empty(count, 8, &rows)) && put(answer, 3, empty(count, 1, &types)) &&
                 put(answer, 4, empty(count, 8, &starts)) && put(answer, 5, empty(count, 8, &sizes));
  if (!is_good) {
    Py_XDECREF(answer);
    return NULL;
  }
  Py_BEGIN_ALLOW_THREADS
  group(fields, from, rows, types, starts, sizes);
  Py_END_ALLOW_THREADS
  return answer;
}

static PyObject *method_fields(PyObject *Py_UNUSED(module), PyObject *args) {
  Views views;
  Fields fields = {0};
  PyObject *answer = NULL;
  if (!hold(&views, args, 3)) return NULL;
  if (are_as_many(views.views[1].len, views.views[2].len)) {
    Outcome outcome;
    Py_BEGIN_ALLOW_THREADS
    outcome = find_fields(&fields, batch_of(&views), views.views[1].buf, views.views[2].buf, longs(&views, 1));
    Py_END_ALLOW_THREADS
    answer = outcome ? none_or_error(outcome) : grouped(&fields);
  }
  drop_fields(&fields);
  release(&views);
  return answer;
}

static PyObject *method_items(PyObject *Py_UNUSED(module), PyObject *args) {
  Views views;
  Fields items = {0};
  PyObject *answer = NULL, *lengths_of = NULL;
  int64_t *lengths;
  if (!hold(&views, args, 3)) return NULL;
  bool is_good = are_as_many(views.views[1].len, views.views[2].len);
  if (is_good && (lengths_of = empty(longs(&views, 1), 8, &lengths))) {
    Outcome outcome;
    Py_BEGIN_ALLOW_THREADS
    outcome = find_items(&items, batch_of(&views), views.views[1].buf, views.views[2].buf, longs(&views, 1), lengths);
    Py_END_ALLOW_THREADS
    if (outcome) answer = none_or_error(outcome);
    else if ((answer = PyTuple_New(4))) {
      Py_INCREF(lengths_of);
      is_good = put(answer, 0, bytes_of(&items.types)) && put(answer, 1, bytes_of(&items.starts)) &&
                put(answer, 2, bytes_of(&items.sizes));
      if (!put(answer, 3, lengths_of) || !is_good) Py_CLEAR(answer);
    }
  }
  Py_XDECREF(lengths_of);
  drop_fields(&items);
  release(&views);
  return answer;
}

static PyObject *method_texts(PyObject *Py_UNUSED(module), PyObject *args) {
  Views views;
  Texts texts = {0};
  PyObject *answer = NULL;
  if (!hold(&views, args, 4)) return NULL;
  int64_t count = views.views[1].len;
  if (are_as_many(count, longs(&views, 2)) && are_as_many(count, longs(&views, 3))) {
    Outcome outcome;
    Py_BEGIN_ALLOW_THREADS
    outcome = write_texts(&texts, batch_of(&views), views.views[1].buf, views.views[2].buf, views.views[3].buf, count);
    Py_END_ALLOW_THREADS
    const Buffer *parts[] = {&texts.offsets, &texts.text, &texts.types, &texts.starts, &texts.sizes};
    answer = outcome ? none_or_error(outcome) : PyTuple_New(5);
    for (int i = 0; !outcome && answer && i < 5; i++)
      if (!put(answer, i, bytes_of(parts[i]))) Py_CLEAR(answer);
  }
  drop_texts(&texts);
  release(&views);
  return answer;
}

/* Whether offsets begin at 0 or later, don't fall, and end within so many bytes. */
static bool are_offsets(const Py_buffer *offsets, int64_t size) {
  const int32_t *at = offsets->buf;
  int64_t count = offsets->len / (int64_t)sizeof *at;
  if (count < 1 || at[0] < 0 || at[count - 1] > size) return false;
  for (int64_t i = 1; i < count; i++)
    if (at[i] < at[i - 1]) return false;
  return true;
}

static PyObject *method_filled(PyObject *Py_UNUSED(module), PyObject *args) {
  Views views;
  Buffer text = {0};
  PyObject *answer = NULL;
  int32_t *offsets;
  if (!hold(&views, args, 4)) return NULL;
  Py_buffer *from = views.views, *with = views.views + 2;
  if (!are_offsets(&from[0], from[1].len) || !are_offsets(&with[0], with[1].len)) {
    PyErr_SetString(PyExc_ValueError, "offsets beyond their texts");
  } else if ((answer = PyTuple_New(2)) && put(answer, 0, empty(from[0].len / 4, 4, &offsets))) {
    Holed holed = {from[1].buf, from[0].buf, from[0].len / 4 - 1, from[1].len};
    Outcome outcome;
    Py_BEGIN_ALLOW_THREADS
    outcome = fill_holes(&text, offsets, holed, with[1].buf, with[0].buf, with[0].len / 4 - 1);
    Py_END_ALLOW_THREADS
    if (outcome == NO_MEMORY) PyErr_NoMemory();
    else if (outcome) PyErr_SetString(PyExc_ValueError, "more holes, or fewer, than fillings");
    if (outcome || !put(answer, 1, bytes_of(&text))) Py_CLEAR(answer);
  } else {
    Py_CLEAR(answer);
  }
  drop(&text);
  release(&views);
  return answer;
}

static PyMethodDef METHODS[] = {
  {"documents", method_documents, METH_VARARGS, NULL},
  {"fields", method_fields, METH_VARARGS, NULL},
  {"items", method_items, METH_VARARGS, NULL},
  {"texts", method_texts, METH_VARARGS, NULL},
  {"filled", method_filled, METH_VARARGS, NULL},
  {0},
};
static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "compiled", .m_size = -1, .m_methods = METHODS};

PyMODINIT_FUNC PyInit_compiled(void) { return PyModule_Create(&MODULE); }
