// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CSIMDJSON_H
#define MARKETBUS_CSIMDJSON_H


#endif
