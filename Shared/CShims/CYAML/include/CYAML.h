// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CYAML_H
#define MARKETBUS_CYAML_H

#include <stddef.h>
#include <stdint.h>

/// A parser over bytes that the caller keeps alive.
typedef struct md_yaml md_yaml;

enum md_yaml_kind {
    MD_YAML_FAILED = 0,
    MD_YAML_END,
    MD_YAML_DOCUMENT,
    MD_YAML_DOCUMENT_END,
    MD_YAML_SCALAR,
    MD_YAML_MAP,
    MD_YAML_MAP_END,
    MD_YAML_LIST,
    MD_YAML_LIST_END,
    MD_YAML_ALIAS
};

/// What the parser met; `text` is valid until the next call.
typedef struct {
    int kind;
    int line;
    int is_plain;
    int has_anchor;
    int has_tag;
    size_t length;
    const uint8_t *_Nullable text;
} md_yaml_event;

/// A parser, or NULL without memory.
md_yaml *_Nullable md_yaml_open(const uint8_t *_Nullable bytes, size_t count);
/// The next event; `MD_YAML_FAILED` leaves the parser's words in `text`.
void md_yaml_next(md_yaml *_Nonnull parser, md_yaml_event *_Nonnull event);
/// Frees the parser.
void md_yaml_close(md_yaml *_Nonnull parser);

#endif
