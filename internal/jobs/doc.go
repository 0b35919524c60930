// Package jobs runs periodic work once, however many replicas there are. A
// replica does the work of a job while it holds the job's lease in the
// database; a replica that dies lets the lease run out, and another goes on.
package jobs
