// Part of MarketBus. Apache License 2.0, see LICENSE.

#include "CSimdJSON.h"

#include <memory>
#include <new>
#include <simdjson.h>

struct md_json_indexer {
    std::unique_ptr<simdjson::internal::dom_parser_implementation> stage;
};

// The first stage keeps no nesting; the depth only sizes arrays of the second, which is never run.
static constexpr size_t depth = 16;

md_json_indexer *md_json_indexer_new(size_t capacity) {
    auto *indexer = new (std::nothrow) md_json_indexer;
    if (indexer == nullptr) return nullptr;
    auto code = simdjson::get_active_implementation()->create_dom_parser_implementation(capacity, depth, indexer->stage);
    if (code != simdjson::SUCCESS) {
        delete indexer;
        return nullptr;
    }
    return indexer;
}

void md_json_indexer_free(md_json_indexer *indexer) { delete indexer; }

int md_json_indexer_resize(md_json_indexer *indexer, size_t capacity) {
    return indexer->stage->set_capacity(capacity);
}

int md_json_index(md_json_indexer *indexer, const uint8_t *bytes, size_t length, const uint32_t **starts,
                  size_t *count) {
    auto code = indexer->stage->stage1(bytes, length, simdjson::stage1_mode::regular);
    *starts = indexer->stage->structural_indexes.get();
    *count = indexer->stage->n_structural_indexes;
    return code;
}

const char *md_json_error_text(int code) {
    return simdjson::error_message(static_cast<simdjson::error_code>(code));
}

size_t md_json_padding(void) { return simdjson::SIMDJSON_PADDING; }
