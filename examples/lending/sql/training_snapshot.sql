-- What the model learns from: decided applications of persons who agreed to model training.
SELECT
    a.application_id,
    a.subject_id,
    a.debt_ratio,
    a.housing_ratio,
    a.industry_unemployment,
    a.self_employed,
    a.consumer_score,
    a.mortgage_score,
    a.public_record,
    p.loan_to_value,
    p.multi_unit,
    p.tract_vacancy_high,
    CASE WHEN d.action = 'approved' THEN 1 ELSE 0 END AS approved
FROM lending.applicant_features AS a
JOIN lending.property_features AS p ON p.application_id = a.application_id
JOIN lending.decisions AS d ON d.application_id = a.application_id
WHERE a.subject_id IN (
    SELECT c.subject_id
    FROM lending.consents AS c
    WHERE c.purpose = 'model_training' AND c.status = 'given'
)
ORDER BY a.application_id
