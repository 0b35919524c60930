// Package ephemeral is what replicas tell each other and may forget: how often
// somebody asked lately, that there is work to do, and that something read before
// has changed.
//
// Nothing here is the truth of anything. A Limiter counts requests, Attempts count
// failures; a Bus carries wake-ups, which only save waiting for the next look into
// the database, and invalidations, which only shorten the life of what was read
// from it. So there are two implementations of one contract: in-process for a
// single replica, and Redis for several. When Redis is gone, each replica counts
// for itself, messages stay within their process, one line of log says so, and
// nobody waits.
package ephemeral
