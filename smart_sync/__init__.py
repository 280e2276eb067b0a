"""What to move this time: facts in, one frozen plan out; all of it pure.

SyncRequest --make_draft--> Draft + Facts --make_plan--> SyncPlan --explain--> text
                                                                  --publish_sql--> statements
"""
