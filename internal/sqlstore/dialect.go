package sqlstore

// dialect holds the words in which the engines differ.
type dialect struct {
	// forUpdate ends a SELECT whose rows this transaction is about to change:
	// others that lock or change them wait, rows that refer to them do not.
	// SQLite's writers are serial and need none.
	forUpdate string
	// forUpdateWhole is forUpdate that keeps also those waiting who refer to the
	// rows, and forKeyShare what those hold.
	forUpdateWhole, forKeyShare string
	// skipLocked ends a SELECT that takes its rows only if nobody holds them.
	skipLocked string
	// decodeHex is the name of a call that turns hexadecimal text into bytes,
	// up to the expression, and decodeHexEnd what follows it.
	decodeHex, decodeHexEnd string
	// clock is the time by the server's clock in microseconds; "" where there
	// is no server.
	clock string
}

var (
	postgresDialect = dialect{
		forUpdate:      " for no key update",
		forUpdateWhole: " for update",
		forKeyShare:    " for key share",
		skipLocked:     " for update skip locked",
		decodeHex:      "decode(",
		decodeHexEnd:   ", 'hex')",
		clock:          postgresClock,
	}
	sqliteDialect = dialect{
		decodeHex:    "unhex(",
		decodeHexEnd: ")",
	}
)

// unhex is the SQL that turns the hexadecimal text of an expression into
// bytes, and NULL into NULL. JSON carries bytes only so; see [hexText].
func (d *dialect) unhex(expression string) string {
	return d.decodeHex + expression + d.decodeHexEnd
}
