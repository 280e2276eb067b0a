/* COPY BINARY as Arrow batches, off a libpq connection; the interpreter is free meanwhile.

The stream: https://www.postgresql.org/docs/current/sql-copy.html, "Binary Format". No value
and no row is a Python object: only a whole batch is one.
*/

#define _POSIX_C_SOURCE 199309L /* nanosleep */
#define PY_SSIZE_T_CLEAN
#define Py_LIMITED_API 0x030B0000
#include <Python.h>
#include <stdio.h>
#include <time.h>

#include "arrow.h"

#define HEAD 19
#define MOST_COLUMNS 1664 /* of a query's result in PostgreSQL */
#define NAP_NS 300000

typedef int (*GetCopyData)(void *, char **, int);
typedef void (*FreeMemory)(void *);

typedef struct {
  PyObject_HEAD
  Column *columns;
  int count, at;  /* columns, and where a fault was seen */
  bool is_begun, is_busy;
  Buffer rest;    /* of a row whose end hasn't come */
  int64_t rows;   /* of the batch so far */
  int64_t bytes;  /* that it took on the wire, and the texts of numbers */
} Decoder;

static const uint8_t SIGNATURE[] = "PGCOPY\n\377\r\n"; /* ends with a zero, as the stream's does */

/* -------------------------------------------------------------------------------- decoding */

/* Whether a row of so many fields is whole; without its end nothing of it is decoded. */
static bool is_whole(const uint8_t *at, const uint8_t *end, int fields) {
  for (int i = 0; i < fields; i++) {
    if (end - at < 4) return false;
    int32_t size = (int32_t)big32(at);
    at += 4;
    if (size > end - at) return false;
    if (size > 0) at += size;
  }
  return true;
}

static Outcome decode_row(Decoder *self, const uint8_t **at) {
  for (self->at = 0; self->at < self->count; self->at++) {
    int32_t size = (int32_t)big32(*at);
    *at += 4;
    Column *column = &self->columns[self->at];
    Outcome outcome = size < 0 ? add_null(column) : add_value(column, *at, (size_t)size);
    if (outcome) return outcome;
    if (size > 0) *at += size;
  }
  self->rows++;
  return GOOD;
}

/* The whole rows of these bytes; `at` is behind them afterwards. */
static Outcome decode(Decoder *self, const uint8_t **at, const uint8_t *end) {
  if (!self->is_begun) {
    if (end - *at < HEAD) return GOOD;
    if (memcmp(*at, SIGNATURE, sizeof SIGNATURE)) return NOT_COPY;
    size_t extension = big32(*at + HEAD - 4);
    if ((size_t)(end - *at) < HEAD + extension) return GOOD;
    *at += HEAD + extension;
    self->is_begun = true;
  }
  while (end - *at >= 2) {
    int fields = (int16_t)big16(*at);
    if (fields == -1) return ENDED;
    if (fields != self->count) return NOT_COPY;
    if (!is_whole(*at + 2, end, fields)) return GOOD;
    *at += 2;
    Outcome outcome = decode_row(self, at);
    if (outcome) return outcome;
  }
  return GOOD;
}

/* A piece of the stream, wherever it was cut. */
static Outcome feed(Decoder *self, const uint8_t *piece, size_t count) {
  self->bytes += (int64_t)count;
  bool has_rest = self->rest.used;
  if (has_rest && !add(&self->rest, piece, count)) return NO_MEMORY;
  const uint8_t *at = has_rest ? self->rest.at : piece;
  const uint8_t *end = has_rest ? at + self->rest.used : piece + count;
  Outcome outcome = decode(self, &at, end);
  if (outcome) return outcome;
  size_t left = (size_t)(end - at);
  if (!has_rest) return !left || add(&self->rest, at, left) ? GOOD : NO_MEMORY;
  memmove(self->rest.at, at, left);
  self->rest.used = left;
  return GOOD;
}

static PyObject *fault(Decoder *self, Outcome outcome) {
  if (outcome == NO_MEMORY) return PyErr_NoMemory();
  if (outcome == NOT_COPY) return PyErr_Format(PyExc_ValueError, "not COPY BINARY of %d columns", self->count);
  const char *name = self->columns[self->at].name;
  return PyErr_Format(PyExc_ValueError, "column %s: a value that is none of its type", name);
}

static bool is_free(Decoder *self) {
  if (self->is_busy) PyErr_SetString(PyExc_RuntimeError, "another thread decodes");
  return !self->is_busy;
}

/* --------------------------------------------------------------------------------- methods */

static PyObject *method_feed(PyObject *object, PyObject *piece) {
  Decoder *self = (Decoder *)object;
  char *bytes;
  Py_ssize_t count;
  if (!is_free(self) || PyBytes_AsStringAndSize(piece, &bytes, &count)) return NULL;
  Outcome outcome = feed(self, (const uint8_t *)bytes, (size_t)count);
  return outcome > ENDED ? fault(self, outcome) : PyBool_FromLong(outcome == ENDED);
}

/* The next row of the stream. Where none has arrived, the server is left alone for a moment: it
   sends 8 KB at a time, and to be woken for each takes longer than to decode them. */
static int next_row(GetCopyData get_copy_data, void *connection, char **row) {
  int count = get_copy_data(connection, row, 1);
  if (count) return count;
  nanosleep(&(struct timespec){.tv_nsec = NAP_NS}, NULL);
  return get_copy_data(connection, row, 0);
}

static PyObject *method_pull(PyObject *object, PyObject *args) {
  Decoder *self = (Decoder *)object;
  unsigned long long connection, get, release;
  long long rows, bytes;
  if (!is_free(self) || !PyArg_ParseTuple(args, "KKKLL", &connection, &get, &release, &rows, &bytes)) return NULL;
  GetCopyData get_copy_data = (GetCopyData)(uintptr_t)get;
  FreeMemory free_memory = (FreeMemory)(uintptr_t)release;
  Outcome outcome = GOOD;
  int count;
  self->is_busy = true;
  Py_BEGIN_ALLOW_THREADS
  do {
    char *piece = NULL;
    count = next_row(get_copy_data, (void *)(uintptr_t)connection, &piece);
    if (count > 0) outcome = feed(self, (const uint8_t *)piece, (size_t)count);
    if (piece) free_memory(piece);
  } while (count > 0 && outcome <= ENDED && self->rows < rows && self->bytes < bytes);
  Py_END_ALLOW_THREADS
  self->is_busy = false;
  return outcome > ENDED ? fault(self, outcome) : PyLong_FromLong(count);
}

static void end_schema(PyObject *capsule) {
  struct ArrowSchema *schema = PyCapsule_GetPointer(capsule, "arrow_schema");
  if (schema->release) schema->release(schema);
  free(schema);
}

static void end_array(PyObject *capsule) {
  struct ArrowArray *array = PyCapsule_GetPointer(capsule, "arrow_array");
  if (array->release) array->release(array);
  free(array);
}

static PyObject *capsule_of(void *value, const char *name, PyCapsule_Destructor end) {
  PyObject *capsule = value ? PyCapsule_New(value, name, end) : PyErr_NoMemory();
  if (!capsule) free(value);
  return capsule;
}

static PyObject *method_take(PyObject *object, PyObject *Py_UNUSED(none)) {
  Decoder *self = (Decoder *)object;
  if (!is_free(self)) return NULL;
  struct ArrowSchema *schema = calloc(1, sizeof *schema);
  PyObject *first = capsule_of(schema, "arrow_schema", end_schema), *second = NULL, *both = NULL;
  struct ArrowArray *array = first ? calloc(1, sizeof *array) : NULL;
  if (first) second = capsule_of(array, "arrow_array", end_array);
  if (second) {
    bool is_good = give_batch(self->columns, self->count, self->rows, schema, array);
    self->rows = self->bytes = 0;
    both = is_good ? PyTuple_Pack(2, first, second) : PyErr_NoMemory();
  }
  Py_XDECREF(first);
  Py_XDECREF(second);
  return both;
}

static PyObject *get_rows(PyObject *object, void *Py_UNUSED(closure)) {
  return PyLong_FromLongLong(((Decoder *)object)->rows);
}

/* ------------------------------------------------------------------------------ life of one */

static const struct { const char *name, *format; } WIRES[] = {
  [BOOL] = {"bool", "b"}, [INT2] = {"int2", "l"}, [INT4] = {"int4", "l"}, [INT8] = {"int8", "l"},
  [FLOAT4] = {"float4", "g"}, [FLOAT8] = {"float8", "g"}, [TEXT] = {"text", "u"},
  [BYTEA] = {"bytea", "z"},
  [JSONB] = {"jsonb", "u"}, [UUID] = {"uuid", "u"}, [DATE] = {"date", "tdD"}, [TIME] = {"time", "ttu"},
  [TIMESTAMP] = {"timestamp", "tsu:"}, [TIMESTAMPTZ] = {"timestamptz", "tsu:UTC"},
  [DECIMAL128] = {"decimal128", ""}, [DECIMAL256] = {"decimal256", ""},
};
#define WIRES_COUNT (int)(sizeof WIRES / sizeof *WIRES)

static bool name_column(Column *column, const char *name) {
  column->name = malloc(strlen(name) + 1);
  if (!column->name) PyErr_NoMemory();
  else strcpy(column->name, name);
  return column->name;
}

static Column *new_column(const char *name) {
  Column *column = calloc(1, sizeof *column);
  if (!column) PyErr_NoMemory();
  else name_column(column, name);
  return column;
}

/* (name, wire, precision, scale, whether it is an array of that, the name of its dimensions) */
static bool make_column(Column *column, PyObject *field, int64_t *bytes) {
  const char *name, *wire, *dimensions;
  int precision, scale, is_list, known = 0;
  if (!PyTuple_Check(field)) return PyErr_Format(PyExc_TypeError, "a field is a tuple, not %R", field);
  if (!PyArg_ParseTuple(field, "ssiips", &name, &wire, &precision, &scale, &is_list, &dimensions)) return false;
  if (!name_column(column, name)) return false;
  if (is_list) {
    column->wire = LIST;
    strcpy(column->format, "+l");
    column->item = new_column("item");
    if (!column->item || !column->item->name) return false;
  }
  if (is_list && *dimensions) {
    column->dimensions = new_column(dimensions);
    if (!column->dimensions || !column->dimensions->name) return false;
    column->dimensions->wire = INT8;
    strcpy(column->dimensions->format, WIRES[INT8].format);
  }
  Column *values = is_list ? column->item : column;
  while (known < WIRES_COUNT && strcmp(WIRES[known].name, wire)) known++;
  bool is_decimal = known == DECIMAL128 || known == DECIMAL256;
  int digits = known == DECIMAL128 ? 38 : 76;
  if (known == WIRES_COUNT || (is_decimal && (precision < 1 || precision > digits || scale < 0 || scale > precision))) {
    PyErr_Format(PyExc_ValueError, "column %s: no type %s(%d, %d)", name, wire, precision, scale);
    return false;
  }
  values->wire = (Wire)known;
  values->bytes = bytes;
  values->precision = precision;
  values->scale = scale;
  const char *wide = known == DECIMAL256 ? ",256" : "";
  if (is_decimal) snprintf(values->format, sizeof values->format, "d:%d,%d%s", precision, scale, wide);
  else strcpy(values->format, WIRES[known].format);
  return begin_column(column) || PyErr_NoMemory();
}

static void decoder_dealloc(PyObject *object) {
  Decoder *self = (Decoder *)object;
  PyTypeObject *type = Py_TYPE(object);
  for (int i = 0; self->columns && i < self->count; i++) free_column(&self->columns[i]);
  free(self->columns);
  drop(&self->rest);
  ((freefunc)PyType_GetSlot(type, Py_tp_free))(object);
  Py_DECREF(type);
}

static PyObject *decoder_new(PyTypeObject *type, PyObject *args, PyObject *Py_UNUSED(keywords)) {
  PyObject *fields;
  if (!PyArg_ParseTuple(args, "O", &fields)) return NULL;
  Py_ssize_t count = PySequence_Size(fields);
  if (count < 0) return NULL;
  if (count > MOST_COLUMNS) return PyErr_Format(PyExc_ValueError, "%zd columns", count);
  Decoder *self = (Decoder *)((allocfunc)PyType_GetSlot(type, Py_tp_alloc))(type, 0);
  if (!self) return NULL;
  self->columns = calloc((size_t)count + 1, sizeof *self->columns);
  bool is_good = self->columns || PyErr_NoMemory();
  while (is_good && self->count < count) {
    PyObject *field = PySequence_GetItem(fields, self->count);
    is_good = field && make_column(&self->columns[self->count++], field, &self->bytes);
    Py_XDECREF(field);
  }
  if (is_good) return (PyObject *)self;
  Py_DECREF(self);
  return NULL;
}

static PyMethodDef METHODS[] = {
  {"feed", method_feed, METH_O, NULL},
  {"pull", method_pull, METH_VARARGS, NULL},
  {"take", method_take, METH_NOARGS, NULL},
  {0},
};
static PyGetSetDef ATTRIBUTES[] = {{"rows", get_rows, NULL, NULL, NULL}, {0}};
static PyType_Slot SLOTS[] = {
  {Py_tp_new, decoder_new},
  {Py_tp_dealloc, decoder_dealloc},
  {Py_tp_methods, METHODS},
  {Py_tp_getset, ATTRIBUTES},
  {0},
};
static PyType_Spec SPEC = {
  .name = "sources.postgresql.wire.compiled.Decoder",
  .basicsize = sizeof(Decoder),
  .flags = Py_TPFLAGS_DEFAULT,
  .slots = SLOTS,
};
static struct PyModuleDef MODULE = {PyModuleDef_HEAD_INIT, .m_name = "compiled", .m_size = -1};

PyMODINIT_FUNC PyInit_compiled(void) {
  make_powers();
  PyObject *module = PyModule_Create(&MODULE);
  PyObject *type = module ? PyType_FromSpec(&SPEC) : NULL;
  if (type && !PyModule_AddObjectRef(module, "Decoder", type)) {
    Py_DECREF(type);
    return module;
  }
  Py_XDECREF(type);
  Py_XDECREF(module);
  return NULL;
}
