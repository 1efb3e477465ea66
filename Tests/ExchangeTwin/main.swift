// Part of MarketBus. Apache License 2.0, see LICENSE.

import Glibc

exit(launch(Array(CommandLine.arguments.dropFirst())))
