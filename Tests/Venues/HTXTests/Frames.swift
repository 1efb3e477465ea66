import HTX
import Testing
