// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CRDKAFKA_H
#define MARKETBUS_CRDKAFKA_H

#include <librdkafka/rdkafka.h>
#include <librdkafka/rdkafka_mock.h>

#endif
