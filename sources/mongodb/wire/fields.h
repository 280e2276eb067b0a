/* Where every element lies: of documents by its name, of arrays one after the other. */

#ifndef FIELDS_H
#define FIELDS_H

#include "bson.h"

/* A name, or its second, third, … element in one document. */
typedef struct {
  const uint8_t *at;
  int64_t size, last_row, count;
  int64_t place, row; /* the first place at which a document has it, and the first such document */
  uint32_t hash;
  int32_t again; /* the name that takes the next element of the same document; -1: none yet */
  int32_t index, rank; /* among all names: as they were met, and as they are told */
} Name;

/* Elements in the order in which they were met, and how they are told apart. */
typedef struct {
  Buffer names;       /* of Name */
  Buffer slots;       /* of int32: a hash table of names, -1 where there is none */
  Buffer expected;    /* of int32: the name that each place of the last document had */
  Buffer of_name;     /* of int32 */
  Buffer rows, types, starts, sizes;
} Fields;

static inline int64_t names_of(const Fields *fields) { return (int64_t)(fields->names.used / sizeof(Name)); }

/* All elements of these documents; ODD: too many names of one document are the same, or too
   many hash alike. */
Outcome find_fields(Fields *fields, Batch batch, const int64_t *starts, const int64_t *ends, int64_t count);
void drop_fields(Fields *fields);

/* Give the names their ranks: as if all documents were walked in step, the first element of
   each, then the second. `order` takes a copy of each name, by rank. */
void rank_names(Fields *fields, Name *order);

/* Sort the elements by name: `from` has an entry for each name and one more. */
void group(const Fields *fields, int64_t *from, int64_t *rows, uint8_t *types, int64_t *starts, int64_t *sizes);

/* All items of arrays; `lengths` are how many each has. */
Outcome find_items(Fields *items, Batch batch, const int64_t *starts, const int64_t *ends, int64_t count,
                   int64_t *lengths);

/* Where each document of a batch starts. */
Outcome find_documents(Buffer *starts, Batch batch);

#endif
