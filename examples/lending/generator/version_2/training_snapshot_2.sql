-- What version 2 learns from: the first snapshot without those whose consent has ended since.
SELECT s.*
FROM lending.training_snapshot AS s
WHERE s.subject_id NOT IN (
    SELECT c.subject_id
    FROM lending.consents AS c
    WHERE c.purpose = 'model_training' AND (c.status = 'withdrawn' OR c.valid_to < DATE '{night}')
)
ORDER BY s.application_id
