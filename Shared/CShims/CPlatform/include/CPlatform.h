// Part of MarketBus. Apache License 2.0, see LICENSE.

#ifndef MARKETBUS_CPLATFORM_H
#define MARKETBUS_CPLATFORM_H


#endif
