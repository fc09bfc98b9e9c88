-- What the model reads about the home and the loan on it.
SELECT
    a.application_id,
    a.applied_at AS feature_time,
    a.loan_amount_k / least(p.price_k, p.appraisal_k) AS loan_to_value,
    p.units > 1 AS multi_unit,
    p.tract_vacancy_high
FROM lending.applications AS a
JOIN lending.properties AS p ON p.application_id = a.application_id
ORDER BY a.application_id
