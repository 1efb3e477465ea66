// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CWEBSOCKETS_H
#define MARKETBUS_CWEBSOCKETS_H

#include <libwebsockets.h>

#endif
